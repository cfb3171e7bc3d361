"""Where allauth asks how things are done here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from allauth.account.utils import get_next_redirect_url
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import attempts, known_browsers, mails, services
from accounts.models import User
from eventflow import mail
from eventflow.core.errors import is_api

# In the session of somebody whose address is not proven yet: who, which address, and where they were going.
WAITING = "activation"
# allauth's mail to an address that nobody has, for which a new password was asked.
UNKNOWN_ACCOUNT = "account/email/unknown_account"


class AccountAdapter(DefaultAccountAdapter):
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
        """Instead of allauth's count for each account, with which anybody could lock its owner out."""
        usages = attempts.count(request, attempts.email_in(credentials))
        if usages is None:
            raise self.validation_error("too_many_login_attempts")
        self.counted = usages

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """A blocked person gets the answer of a wrong password, after the same work."""
        person = super().authenticate(request, **credentials)
        if person is not None and person.is_active:
            attempts.give_back(self.counted)
            return person
        if person is not None:
            self.authentication_failed(request, **credentials)
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        attempts.note_failure(request, attempts.email_in(credentials))

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        attempts.note_login(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if not is_api(request.path):
            known_browsers.remember(request, response, user)
        return response

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        if services.may_mail_new_password(user):
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the mail, in the language of whoever owns the address. allauth's names are those of our templates."""
        if template_prefix == UNKNOWN_ACCOUNT and not services.may_mail("unknown", email):
            return
        owner = context.get("user") or User.objects.filter(email=email).first()
        language = owner.language if owner else translation.get_language()
        facts = {key: value for key, value in context.items() if key != "request"} | {
            "person": owner
        }
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
        super().send_notification_mail(
            template_prefix, user, {"user": user} | (context or {}), email
        )

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        services.send_activation(emailconfirmation.email_address)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return mails.new_password_url(key)

    def respond_email_verification_sent(
        self, request: HttpRequest, user: User | None, email: str = ""
    ) -> HttpResponse:
        """To the page that says "check your mail". `user` is None where the address was taken, which the page doesn't show."""
        waiting = {
            "person": user.pk if user else None,
            "email": user.email if user else email,
            "next": get_next_redirect_url(request),
        }
        if user:  # another sign-up with the address may replace this one, and then this browser is a stranger
            waiting["hash"] = user.get_session_auth_hash()
        request.session[WAITING] = waiting
        return redirect("account_email_verification_sent")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:settings")
