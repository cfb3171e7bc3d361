"""Signing up and activation, one's own settings, the role page. Log-in and passwords are allauth's views with our templates."""

from functools import wraps
from typing import Any

from allauth.account import views as allauth
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.decorators import rate_limit
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.views import EditWebAuthnView
from django.conf import settings as project
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.messages.views import SuccessMessageMixin
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from accounts import access, addresses, attempts, leaving, links, services, sessions
from accounts.adapter import WAITING
from accounts.decorators import PersonRequest, View, admin_required, login_required
from accounts.forms import (
    LinkAgainForm,
    NewEmailForm,
    NewPasswordForm,
    ResetPasswordForm,
    RoleForm,
    SettingsForm,
    SignupForm,
)
from accounts.models import User
from accounts.permissions import administered_people
from eventflow.core.csrf_origin import from_our_pages
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps
from eventflow.core.text_direction import isolated

# --- signing up -------------------------------------------------------------------------------------------------------


class SignupView(allauth.SignupView):
    """allauth's page and rate limit; what signing up does is our service's."""

    def form_valid(self, form: SignupForm) -> HttpResponse:
        person = services.sign_up(**form.person())
        return get_adapter().respond_email_verification_sent(
            self.request, person, form.cleaned_data["email"]
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest, key: str) -> HttpResponse:
    """Where the mailed link leads. Opening it changes nothing, for mail scanners open every link; the button does."""
    if request.method == "POST":
        return activated(request, key)
    return activation_page(request, links.address_behind(key))


def activated(request: HttpRequest, key: str) -> HttpResponse:
    try:
        address, first = services.activate(key)
    except Refused as refusal:
        return activation_page(request, None, refusal)
    if request.user.is_authenticated and request.user.pk != address.user_id:
        logout(request)
    wanted = (request.session.get(WAITING) or {}).get("next") or ""
    page = resume(request, address.user) if first else ""
    facts = {"address": address, "next": page, "wanted": wanted}
    return render(request, "accounts/activated.html", facts)


def resume(request: HttpRequest, person: User) -> str:
    """Log in the browser that signed up or gave the password, and only that one, at the press that proved the address.

    The link alone is no key to the account: not to another browser, not a second time, and not past a second step.
    Returns where this person was going, or an empty string.
    """
    signed_up_here = made_newest_sign_up(request, person)
    waiting = request.session.pop(WAITING, None)
    if not waiting or not signed_up_here or not person.is_active:
        return ""
    if not request.user.is_authenticated and not is_mfa_enabled(person):
        get_adapter().login(request, person)
    return waiting["next"] or ""


def made_newest_sign_up(request: HttpRequest, person: User) -> bool:
    """Whether it was this browser that signed up or gave the password, and nobody signed up since with another one."""
    waiting = request.session.get(WAITING)
    if not waiting or waiting["person"] != person.pk:
        return False
    return constant_time_compare(waiting.get("hash", ""), person.get_session_auth_hash())


def activation_page(
    request: HttpRequest, address: Any, refusal: Refused | None = None
) -> HttpResponse:
    """What the link is for; a warning where somebody else may know the password that the button makes valid."""
    contested = bool(address) and address.user.was_signed_up_again
    warned = contested and not made_newest_sign_up(request, address.user)
    facts = {"address": address, "warned": warned, "refusal": refusal, "form": LinkAgainForm()}
    return render(request, "accounts/activate.html", facts, status=200 if address else 400)


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="signup")
@keeps(LinkAgainForm)
def send_link_again(request: HttpRequest) -> HttpResponse:
    """A new activation link, for whoever lost the old one. Answers alike whatever the address."""
    form = LinkAgainForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(
            request,
            "accounts/activate.html",
            {"lost": True, "form": form},
            status=422 if form.is_bound else 200,
        )
    services.send_link_again(form.cleaned_data["email"])
    request.session[WAITING] = (request.session.get(WAITING) or {"person": None, "next": None}) | {
        "email": form.cleaned_data["email"]
    }
    messages.success(request, _("Sent, unless we sent one a moment ago."))
    return redirect("account_email_verification_sent")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Where a mail about a new address leads: the button gives the account back to its old address."""
    if request.method != "POST":
        former = links.former_address_behind(token)
        status = 200 if former else 400
        return render(request, "accounts/not_me.html", {"former": former}, status=status)
    try:
        person = addresses.take_back(token)
    except Refused as refusal:
        return render(request, "accounts/not_me.html", {"refusal": refusal}, status=400)
    if request.user.is_authenticated and request.user.pk == person.pk:
        logout(request)
    return render(request, "accounts/not_me.html", {"owner": person})


class NewPasswordView(allauth.PasswordResetFromKeyView):
    """allauth's, except that opening the mailed link logs nobody out: somebody else, logged in here, stays so until the new password is sent."""

    def logout(self) -> None:
        if self.request.method == "POST":
            super().logout()

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        try:
            response = super().form_valid(form)
        except Refused:  # somebody else used the link at this very moment
            return self.render_to_response(self.get_context_data(token_fail=True))
        attempts.forgive(self.request, self.reset_user.email)
        return response


class RenamePasskeyView(SuccessMessageMixin, EditWebAuthnView):
    """allauth's, which says nothing after it."""

    success_message = gettext_lazy("Saved.")


def changes_second_steps(view: View) -> View:
    """allauth's view in one transaction with what its change ends; this browser stays logged in."""

    @wraps(view)
    def changed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            response = view(request, *args, **kwargs)
        access.keep_session(request)
        return response

    return changed


# allauth's own views of which a page may hold what was typed.
keeps(NewEmailForm, beside=["action_add", "action_remove", "action_send"])(allauth.email)
keeps(ResetPasswordForm)(allauth.password_reset)


# --- one's own settings -----------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@keeps(SettingsForm)
def settings(request: PersonRequest) -> HttpResponse:
    """Names, language and, for organizers, how often they get mail; from here to the password and the address."""
    form = SettingsForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        services.change_settings(request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:settings")
    return render(request, "accounts/settings.html", {"form": form})


@login_required
@require_safe
def session_list(request: PersonRequest) -> HttpResponse:
    """Where the person is logged in, each with a button that ends it."""
    facts = {"sessions": sessions.sessions_of(request.user), "here": sessions.row_of(request)}
    return render(request, "accounts/sessions.html", facts)


@login_required
@require_POST
def end_session(request: PersonRequest, pk: int) -> HttpResponse:
    """Log out in one other place."""
    others = sessions.sessions_of(request.user).exclude(pk=sessions.row_of(request))
    sessions.end_session(get_object_or_404(others, pk=pk), by=request.user)
    messages.success(request, _("Logged out there."))
    return redirect("accounts:sessions")


@login_required
@require_POST
def end_other_sessions(request: PersonRequest) -> HttpResponse:
    """Log out everywhere but here."""
    access.end_other_sessions(request.user)
    access.keep_session(request)
    messages.success(request, _("You are logged in here only."))
    return redirect("accounts:sessions")


@login_required
@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PersonRequest) -> HttpResponse:
    """What becomes of an account that is deleted, and the button that does it. The button asks for the password once more."""
    if request.method != "POST":
        return delete_page(request)
    try:
        leaving.leave(request.user)
    except Refused as refusal:
        return delete_page(request, refusal)
    logout(request)
    messages.success(request, _("Your account is deleted."))
    return redirect("events:list")


def delete_page(request: PersonRequest, refusal: Refused | None = None) -> HttpResponse:
    return render(
        request, "accounts/delete.html", {"refusal": refusal}, status=409 if refusal else 200
    )


@from_our_pages
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Speak this language from now on: on this device, and everywhere for a person who is logged in."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(project.LANGUAGES):
        services.change_settings(request.user, language=language)
    return i18n.set_language(request)


# --- roles ------------------------------------------------------------------------------------------------------------


@admin_required
@require_safe
@vary_on_headers("HX-Request")
def roles(request: PersonRequest) -> HttpResponse:
    """Everybody, those with a role first; `?q=` searches names and addresses."""
    part = "#people" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"accounts/roles.html{part}", role_page(request))


@admin_required
@require_POST
@keeps(RoleForm, beside=["confirmed"])
def grant_role(request: PersonRequest, pk: int) -> HttpResponse:
    """Give one person another role. htmx gets the row as it is now, also after a refusal; a plain form the whole page."""
    person = get_object_or_404(administered_people(request.user), pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Refused("role_unknown", _("Choose one of the roles."))
    before, role = person.role, form.cleaned_data["role"]
    if role == User.Role.ADMIN != before and "confirmed" not in request.POST:
        return role_question(request, person)
    try:
        services.grant_role(person, role, by=request.user)
    except Refused as refusal:
        if not request.htmx:
            raise
        messages.error(request, refusal.message)
    else:
        facts = {"name": isolated(person), "role": User.Role(role).label}
        messages.success(request, _("%(name)s: %(role)s") % facts)
    return role_granted(request, pk, before)


def role_question(request: PersonRequest, person: User) -> HttpResponse:
    """Whether this person shall really be an Admin: in the page's dialog for htmx, else on a page of its own."""
    facts = {"person": person, "here": "roles"}
    if not request.htmx:
        return render(request, "accounts/role_question.html", facts)
    answer = render(request, "accounts/_role_question.html", facts | {"dialog": True})
    return reswap(retarget(answer, "#role-question"), "innerHTML")


def role_granted(request: PersonRequest, pk: int, before: str) -> HttpResponse:
    """The row as it is now, for htmx, with a toast that gives the role before back; else the page."""
    if not request.htmx:
        return redirect(f"{reverse('accounts:roles')}?{request.GET.urlencode()}")
    people = administered_people(User.objects.get(pk=request.user.pk))
    if not people.exists():  # an Admin who gave up the role has no business here any more
        return HttpResponseClientRedirect(reverse("events:list"))
    person = with_activation(people).get(pk=pk)
    undo = before if before != person.role else ""
    facts = {"person": person, "settled": True, "undo": undo, **role_facts(people)}
    return render(request, "accounts/roles.html#granted", facts)


def role_page(request: PersonRequest) -> dict[str, Any]:
    people, query = administered_people(request.user), request.GET.get("q", "").strip()
    found = with_activation(people.filter(services.matching(query))).order_by(
        "role", "last_name", "first_name", "pk"
    )
    return {
        "page": Paginator(found, 25).get_page(request.GET.get("page")),
        "query": query,
        **role_facts(people),
    }


def role_facts(people: QuerySet[User]) -> dict[str, Any]:
    """How many have which role; the roles to choose from; our place on the rail."""
    counts = people.aggregate(
        **{role: Count("pk", filter=Q(role=role)) for role in User.Role.values}
    )
    return {"counts": counts, "roles": User.Role.choices, "here": "roles"}


def with_activation(people: QuerySet[User]) -> QuerySet[User]:
    return people.annotate(
        is_activated=Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True))
    )
