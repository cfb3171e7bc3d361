"""allauth's pages about passwords, addresses and second factors, with what we change of them."""

from functools import wraps
from typing import Any

from allauth.account import views as allauth_views
from allauth.mfa.webauthn.views import EditWebAuthnView
from django.contrib.messages.views import SuccessMessageMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from accounts import access, login_attempts
from accounts.allauth_forms import NewEmailForm, NewPasswordForm, ResetPasswordForm
from accounts.decorators import View
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft


class NewPasswordView(allauth_views.PasswordResetFromKeyView):
    """allauth's page of the mailed link to a new password.

    Opening the link logs nobody out: another person, logged in here, stays so until the new
    password is sent.
    """

    def logout(self) -> None:
        if self.request.method == "POST":
            super().logout()

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        try:
            response = super().form_valid(form)
        except Refused:  # the link was used in another browser just now
            return self.render_to_response(self.get_context_data(token_fail=True))
        login_attempts.reset_attempts(self.request, self.reset_user.email)
        return response


class RenamePasskeyView(SuccessMessageMixin, EditWebAuthnView):
    """allauth's view, with a message afterwards."""

    success_message = _("Saved.")


def changes_second_factor(view: View) -> View:
    """Run allauth's view and the revocation of access in one transaction; stay logged in here."""

    @wraps(view)
    def changing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            response = view(request, *args, **kwargs)
        access.keep_current_session(request)
        return response

    return changing


# The views of allauth whose fields a page may hold while the person logs in again.
keeps_draft(NewEmailForm, beside=["action_add", "action_remove", "action_send"])(
    allauth_views.email
)
keeps_draft(ResetPasswordForm)(allauth_views.password_reset)
