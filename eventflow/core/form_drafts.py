"""Forms that can't be taken at this moment, because their sender is logged out or their token is old.

What was typed is not lost: a page holds it and sends it again. A view says with `keeps` what of its
form such a page may hold. A form that nothing is said about is held nowhere.
"""

from collections.abc import Callable, Collection
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from eventflow.core.fields import ComposedText
from eventflow.core.headers import PRIVATE
from eventflow.core.own_pages import back_url
from eventflow.core.text_direction import isolated

# What people write, choose and count; a UUID makes a form that is sent twice one deed. No password,
# code, token or key is of these kinds: such a field is a plain CharField, here and in allauth.
KEPT_KINDS = (
    ComposedText,
    forms.EmailField,
    forms.ChoiceField,
    forms.BooleanField,
    forms.IntegerField,
    forms.DateTimeField,
    forms.UUIDField,
)
TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field
# For whom the page was drawn that the form stands on: the name of the field, and of htmx's header.
DRAWN_FOR, DRAWN_FOR_HEADER = "drawn_for", "X-Drawn-For"
# What a form brings by itself.
NOT_TYPED = {TOKEN, DRAWN_FOR, "key"}
signer = Signer(salt="eventflow.kept_forms")


# --- What is kept ---------------------------------------------------------------------------------


def keeps[View: Callable[..., Any]](
    *kinds: type[forms.Form | forms.ModelForm], beside: Collection[str] = ()
) -> Callable[[View], View]:
    """Say of a view that a page may hold what was typed into these forms.

    `beside`: the names of what is sent along, like the button that was pressed. Decorators around it
    pass that on, as functools.wraps does.
    """
    fields = [(name, field) for form in kinds for name, field in form.base_fields.items()]
    kept = {name for name, field in fields if isinstance(field, KEPT_KINDS)} | {*beside}

    def decorate(view: View) -> View:
        view.kept_names = kept  # type: ignore[attr-defined]
        return view

    return decorate


def kept_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the form that a page may hold."""
    match = request.resolver_match
    names = getattr(match.func, "kept_names", ()) if match else ()
    return [
        (name, value) for name, values in request.POST.lists() if name in names for value in values
    ]


def is_kept(request: HttpRequest) -> bool:
    """Whether the request is a form with words that a page may hold."""
    return request.method == "POST" and any(
        name not in NOT_TYPED for name, _value in kept_fields(request)
    )


def leave_what_is_kept(request: HttpRequest) -> None:
    """Take everything out of the request that may not be kept."""
    kept: Any = QueryDict(mutable=True)
    for name, value in kept_fields(request):
        kept.appendlist(name, value)
    request.POST = kept


def is_filled_in(request: HttpRequest) -> bool:
    """Whether the request is a form with more than what a form brings by itself."""
    return request.method == "POST" and bool({*request.POST} - NOT_TYPED)


# --- For whom -------------------------------------------------------------------------------------


def mark_of(user: Any) -> str:
    """What the forms of a page that is drawn for this person carry."""
    return signer.sign(str(user.pk))


def mark_in(request: HttpRequest) -> str:
    """The mark that the form came with; empty if its page was drawn for nobody who was logged in."""
    return request.POST.get(DRAWN_FOR) or request.headers.get(DRAWN_FOR_HEADER, "")


def owner_of(request: HttpRequest) -> str:
    """The id of the person who filled the form in; empty if nobody can tell."""
    try:
        return signer.unsign(mark_in(request))
    except BadSignature:
        return ""


def belongs_to_another(request: HttpRequest) -> bool:
    """Whether the form is of another person than the one who is logged in now."""
    owner, user = owner_of(request), person_of(request)
    return bool(owner and user.is_authenticated and owner != str(user.pk))


def person_of(request: HttpRequest) -> Any:
    return getattr(request, "user", None) or AnonymousUser()


# --- The page -------------------------------------------------------------------------------------


def offer_again(request: HttpRequest, *, status: int, login: str = "") -> HttpResponse:
    """A page that holds the form's fields with a new token and sends them again. `login`: where to log in first.

    It remembers whose they are. Where nobody can tell it asks the person who is logged in.
    """
    person, owner = person_of(request), owner_of(request)
    fields = kept_fields(request)
    if owner and not person.is_authenticated:
        fields.append((DRAWN_FOR, mark_in(request)))
    asks = person.is_authenticated and not owner
    facts = {"fields": fields, "login": login, "asks": asks}
    page = render(request, "send_again.html", facts, status=status)
    page["Cache-Control"] = PRIVATE
    return page


def refuse_anothers(request: HttpRequest) -> HttpResponse:
    """Nothing is sent in the name of another person than the one who wrote it, and no page holds it any more.

    A script opens its page anew, as the person who is logged in now has it, and that says why. (To load
    it again would not do: some browsers put what was typed back.)
    """
    if getattr(request, "htmx", False):
        words = _(
            "You are logged in as %(name)s, and this page was opened by another account. Nothing was sent."
        )
        messages.error(request, words % {"name": isolated(request.user)})
        return HttpResponseClientRedirect(back_url(request))
    page = render(request, "403_another.html", status=403)
    page["Cache-Control"] = PRIVATE
    return page
