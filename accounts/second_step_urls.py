"""allauth's pages that change a second step, each together with the end of other access; and the one that renames a passkey.

Asked before allauth's own, under the same names.
"""

from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from accounts.forms import RenamePasskeyForm
from accounts.views import RenamePasskeyView
from accounts.views import changes_second_steps as changes
from eventflow.core.form_drafts import keeps

urlpatterns = [
    path("totp/activate/", changes(totp.activate_totp), name="mfa_activate_totp"),
    path("totp/deactivate/", changes(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "recovery-codes/generate/",
        changes(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("webauthn/add/", changes(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path(
        "webauthn/keys/<int:pk>/edit/",
        keeps(RenamePasskeyForm)(RenamePasskeyView.as_view()),
        name="mfa_edit_webauthn",
    ),
    path(
        "webauthn/keys/<int:pk>/remove/",
        changes(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
]
