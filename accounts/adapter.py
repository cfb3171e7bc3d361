"""allauth's adapter for accounts: where allauth calls our services instead of its own code."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from allauth.account.utils import get_next_redirect_url
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import activation, known_browsers, login_attempts, mail_limits, mails
from accounts.models import User
from eventflow import mail
from eventflow.core.errors import is_api

# The key in the session of a person whose address is not verified yet: who they are, their
# address, and the page that they wanted.
PENDING_ACTIVATION_KEY = "activation"
# allauth's mail to an address without an account, for which a new password was requested.
UNKNOWN_ACCOUNT_TEMPLATE = "account/email/unknown_account"


class AccountAdapter(DefaultAccountAdapter):
    """Log-in limits, the audit log, our mails in the person's language, and our words."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "too_many_login_attempts": _(
            "Too many attempts. Wait a few minutes and try again, or reset your password."
        ),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
        "duplicate_email": _("This is your address already."),
        "invalid_password_reset": _("This link does not work any more."),
    }

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt by our limits; with allauth's anybody could lock out an owner."""
        usages = login_attempts.count_attempt(request, login_attempts.email_from(credentials))
        if usages is None:
            raise self.validation_error("too_many_login_attempts")
        self.counted_usages = usages

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the person; None for a blocked one, after the same work as a wrong password."""
        person = super().authenticate(request, **credentials)
        if person is not None and person.is_active:
            login_attempts.give_back(self.counted_usages)
            return person
        if person is not None:
            self.authentication_failed(request, **credentials)
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        login_attempts.record_failure(request, login_attempts.email_from(credentials))

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        login_attempts.record_login(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if not is_api(request.path):
            known_browsers.remember_browser(request, response, user)
        return response

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        if mail_limits.may_mail_password_reset(user):
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the mail in the language of the address' owner.

        The last part of `template_prefix` is the name of our template.
        """
        is_unknown = template_prefix == UNKNOWN_ACCOUNT_TEMPLATE
        if is_unknown and not mail_limits.may_mail("unknown", email):
            return
        owner = context.get("user") or User.objects.filter(email=email).first()
        language = owner.language if owner else translation.get_language()
        facts = {key: value for key, value in context.items() if key != "request"}
        facts["person"] = owner
        with translation.override(language):
            letter = mail.Letter.render(f"account/{template_prefix.rpartition('/')[2]}", facts)
        args = {"subject": letter.subject, "text": letter.text, "html": letter.html}
        mail.queue_to_address(mails.rendered, address=email, language=language, args=args)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        facts = {"user": user} | (context or {})
        super().send_notification_mail(template_prefix, user, facts, email)

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        activation.send_activation_link(emailconfirmation.email_address)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return mails.password_reset_url(key)

    def respond_email_verification_sent(
        self, request: HttpRequest, user: User | None, email: str = ""
    ) -> HttpResponse:
        """Redirect to the page that says "check your mail".

        `user` is None where the address has an account already; the page looks the same.
        """
        pending = {
            "person": user.pk if user else None,
            "email": user.email if user else email,
            "next": get_next_redirect_url(request),
        }
        if user:  # its sign-up may be replaced by another one, of another browser
            pending["hash"] = user.get_session_auth_hash()
        request.session[PENDING_ACTIVATION_KEY] = pending
        return redirect("account_email_verification_sent")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:settings")
