"""Form drafts: what was typed into a form that can't be accepted now, to be sent again later.

A form can't be accepted while its sender is logged out or its token is old. A page then holds the
draft and sends it again (docs/decisions/0032-a-form-outlives-its-session.md). A view declares with
`keeps_draft` which fields such a page may hold; of other forms no draft is made.
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
from eventflow.core.headers import PRIVATE_CACHE_CONTROL
from eventflow.core.own_pages import back_url
from eventflow.core.text_direction import isolated

# The kinds of fields that a draft may hold. A UUID makes a form that is sent twice one action. No
# password, code, token or key is of these kinds: such a field is a plain CharField, in allauth too.
DRAFT_FIELD_TYPES = (
    ComposedText,
    forms.EmailField,
    forms.ChoiceField,
    forms.BooleanField,
    forms.IntegerField,
    forms.DateTimeField,
    forms.UUIDField,
)
TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field
# For which person the page of the form was rendered: the name of the field and of htmx's header.
DRAWN_FOR, DRAWN_FOR_HEADER = "drawn_for", "X-Drawn-For"
# The fields that a form sends by itself.
AUTOMATIC_FIELDS = {TOKEN, DRAWN_FOR, "key"}
signer = Signer(salt="eventflow.kept_forms")


# --- Which fields a draft holds ------------------------------------------------------------------


def keeps_draft[View: Callable[..., Any]](
    *kinds: type[forms.Form | forms.ModelForm], beside: Collection[str] = ()
) -> Callable[[View], View]:
    """Decorate a view: drafts may hold the fields of these forms.

    `beside`: names of other values that are sent along, like the pressed button. Outer decorators
    must pass the attribute on, as functools.wraps does.
    """
    fields = [(name, field) for form in kinds for name, field in form.base_fields.items()]
    names = {name for name, field in fields if isinstance(field, DRAFT_FIELD_TYPES)} | {*beside}

    def decorate(view: View) -> View:
        view.draft_field_names = names  # type: ignore[attr-defined]
        return view

    return decorate


def draft_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """The sent fields that a draft may hold, as pairs of name and value."""
    match = request.resolver_match
    names = getattr(match.func, "draft_field_names", ()) if match else ()
    return [
        (name, value) for name, values in request.POST.lists() if name in names for value in values
    ]


def has_draft(request: HttpRequest) -> bool:
    """Whether the request is a form with typed fields that a draft may hold."""
    return request.method == "POST" and any(
        name not in AUTOMATIC_FIELDS for name, _value in draft_fields(request)
    )


def reduce_to_draft(request: HttpRequest) -> None:
    """Remove every field from the request that a draft may not hold."""
    draft: Any = QueryDict(mutable=True)
    for name, value in draft_fields(request):
        draft.appendlist(name, value)
    request.POST = draft


def has_typed_fields(request: HttpRequest) -> bool:
    """Whether the request is a form with any field that a person typed or chose."""
    return request.method == "POST" and bool({*request.POST} - AUTOMATIC_FIELDS)


# --- Whose draft it is ----------------------------------------------------------------------------


def owner_signature(user: Any) -> str:
    """The signed id of a person, which the forms of their pages carry."""
    return signer.sign(str(user.pk))


def sent_signature(request: HttpRequest) -> str:
    """The signature that the form came with; empty if its page was rendered for a visitor."""
    return request.POST.get(DRAWN_FOR) or request.headers.get(DRAWN_FOR_HEADER, "")


def draft_owner_id(request: HttpRequest) -> str:
    """The id of the person who filled in the form; empty if it is not known."""
    try:
        return signer.unsign(sent_signature(request))
    except BadSignature:
        return ""


def is_draft_of_another(request: HttpRequest) -> bool:
    """Whether another person filled in the form than the one who is logged in now."""
    owner, user = draft_owner_id(request), request_user(request)
    return bool(owner and user.is_authenticated and owner != str(user.pk))


def request_user(request: HttpRequest) -> Any:
    """The request's user, also where the middleware that sets it has not run."""
    return getattr(request, "user", None) or AnonymousUser()


# --- The page that resends it ---------------------------------------------------------------------


def resend_page(request: HttpRequest, *, status: int, login: str = "") -> HttpResponse:
    """A page that holds the draft with a new token and sends it again.

    `login`: the address where to log in first. The page keeps the owner's signature; where the
    owner is not known, it asks the person who is logged in.
    """
    person, owner = request_user(request), draft_owner_id(request)
    fields = draft_fields(request)
    if owner and not person.is_authenticated:
        fields.append((DRAWN_FOR, sent_signature(request)))
    asks = person.is_authenticated and not owner
    facts = {"fields": fields, "login": login, "asks": asks}
    page = render(request, "send_again.html", facts, status=status)
    page["Cache-Control"] = PRIVATE_CACHE_CONTROL
    return page


def refuse_draft_of_another(request: HttpRequest) -> HttpResponse:
    """Refuse a draft of another person: nothing is sent, and no page holds it any more.

    htmx opens its page anew, for the person who is logged in now, with a message that says why. (A
    reload would not do: some browsers put back what was typed.)
    """
    if getattr(request, "htmx", False):
        text = _(
            "You are logged in as %(name)s, and this page was opened by another account. "
            "Nothing was sent."
        )
        messages.error(request, text % {"name": isolated(request.user)})
        return HttpResponseClientRedirect(back_url(request))
    page = render(request, "403_another.html", status=403)
    page["Cache-Control"] = PRIVATE_CACHE_CONTROL
    return page
