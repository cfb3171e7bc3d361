"""Forms that can't be taken at this moment, because their sender is logged out or their token is old: what was typed is not lost."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field
# What a form brings by itself.
NOT_TYPED = {TOKEN, "key"}
# Parts of the names of what is typed again, and never written into a page.
PRIVATE = ("password", "code", "credential")


def holds_words(request: HttpRequest) -> bool:
    """Whether the request is a form that somebody filled in, with nothing private in it."""
    names = set(request.POST) if request.method == "POST" else set()
    is_private = any(part in name for name in names for part in PRIVATE)
    return bool(names - NOT_TYPED) and not is_private


def offer_again(request: HttpRequest, *, status: int, login: str = "") -> HttpResponse:
    """A page that holds the form's fields with a new token and sends them again. `login`: where to log in first."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name != TOKEN]
    return render(request, "send_again.html", {"fields": fields, "login": login}, status=status)
