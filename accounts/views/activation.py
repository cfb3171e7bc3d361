"""Sign-up, activation, and the link that undoes a change of address."""

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.decorators import rate_limit
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import activation, address_change, sign_up, signed_links
from accounts.adapter import PENDING_ACTIVATION_KEY
from accounts.allauth_forms import SignupForm
from accounts.forms import ResendLinkForm
from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft


class SignupView(allauth_views.SignupView):
    """allauth's page and rate limit, with our service."""

    def form_valid(self, form: SignupForm) -> HttpResponse:
        person = sign_up.sign_up(**form.sign_up_arguments())
        email = form.cleaned_data["email"]
        return get_adapter().respond_email_verification_sent(self.request, person, email)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest, key: str) -> HttpResponse:
    """The page of the mailed link, with the button that activates.

    Opening it changes nothing, because mail scanners open every link.
    """
    if request.method == "POST":
        return activate_address(request, key)
    return activation_page(request, signed_links.address_from_key(key))


def activate_address(request: HttpRequest, key: str) -> HttpResponse:
    """Verify the address, log in the browser that signed up, and render the page after it."""
    try:
        address, is_first = activation.activate(key)
    except Refused as refusal:
        return activation_page(request, None, refusal)
    if request.user.is_authenticated and request.user.pk != address.user_id:
        logout(request)
    wanted = (request.session.get(PENDING_ACTIVATION_KEY) or {}).get("next") or ""
    page = log_in_after_activation(request, address.user) if is_first else ""
    facts = {"address": address, "next": page, "wanted": wanted}
    return render(request, "accounts/activated.html", facts)


def log_in_after_activation(request: HttpRequest, person: User) -> str:
    """Log in the browser that signed up, and no other one.

    The link alone gives no access: not in another browser, not a second time, and not without a
    second factor. Returns the page that the person wanted, or an empty string.
    """
    signed_up_here = made_newest_sign_up(request, person)
    pending = request.session.pop(PENDING_ACTIVATION_KEY, None)
    if not pending or not signed_up_here or not person.is_active:
        return ""
    if not request.user.is_authenticated and not is_mfa_enabled(person):
        get_adapter().login(request, person)
    return pending["next"] or ""


def made_newest_sign_up(request: HttpRequest, person: User) -> bool:
    """Whether this browser made the newest sign-up of the person, or gave its password."""
    pending = request.session.get(PENDING_ACTIVATION_KEY)
    if not pending or pending["person"] != person.pk:
        return False
    return constant_time_compare(pending.get("hash", ""), person.get_session_auth_hash())


def activation_page(
    request: HttpRequest, address: EmailAddress | None, refusal: Refused | None = None
) -> HttpResponse:
    """Render the page of the link; with a warning if somebody else may know the password."""
    is_warned = False
    if address is not None and address.user.was_signed_up_again:
        is_warned = not made_newest_sign_up(request, address.user)
    facts = {"address": address, "warned": is_warned, "refusal": refusal, "form": ResendLinkForm()}
    return render(request, "accounts/activate.html", facts, status=200 if address else 400)


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="signup")
@keeps_draft(ResendLinkForm)
def resend_activation_link(request: HttpRequest) -> HttpResponse:
    """The form that mails a new activation link. It answers alike, whatever the address."""
    form = ResendLinkForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        facts, status = {"lost": True, "form": form}, 422 if form.is_bound else 200
        return render(request, "accounts/activate.html", facts, status=status)
    email = form.cleaned_data["email"]
    sign_up.resend_activation_link(email)
    pending = request.session.get(PENDING_ACTIVATION_KEY) or {"person": None, "next": None}
    request.session[PENDING_ACTIVATION_KEY] = pending | {"email": email}
    messages.success(request, _("Sent, unless we sent one a moment ago."))
    return redirect("account_email_verification_sent")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def undo_address_change(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the link in a mail to a former address; its button undoes the change."""
    if request.method != "POST":
        former = signed_links.former_address_from_token(token)
        status = 200 if former else 400
        return render(request, "accounts/not_me.html", {"former": former}, status=status)
    try:
        person = address_change.undo_address_change(token)
    except Refused as refusal:
        return render(request, "accounts/not_me.html", {"refusal": refusal}, status=400)
    if request.user.is_authenticated and request.user.pk == person.pk:
        logout(request)
    return render(request, "accounts/not_me.html", {"owner": person})
