"""Forms that can't be taken at this moment, because their sender is logged out or their token is old: what was typed is not lost."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field
# What a form brings by itself.
NOT_TYPED = {TOKEN, "key"}


def holds_words(request: HttpRequest) -> bool:
    """Whether the request is a form that somebody filled in. Passwords are typed again, not kept."""
    names = set(request.POST) if request.method == "POST" else set()
    return bool(names - NOT_TYPED) and not any("password" in name for name in names)


def offer_again(request: HttpRequest, *, status: int, login: str = "") -> HttpResponse:
    """A page that holds the form's fields with a new token and sends them again. `login`: where to log in first."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name != TOKEN]
    return render(request, "send_again.html", {"fields": fields, "login": login}, status=status)
