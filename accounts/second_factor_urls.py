"""The addresses of allauth's pages that change a second factor, with our views around them.

They are asked before allauth's own and have the same names.
"""

from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from accounts.allauth_forms import RenamePasskeyForm
from accounts.views.security import RenamePasskeyView
from accounts.views.security import changes_second_factor as changes
from eventflow.core.form_drafts import keeps_draft

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
        keeps_draft(RenamePasskeyForm)(RenamePasskeyView.as_view()),
        name="mfa_edit_webauthn",
    ),
    path(
        "webauthn/keys/<int:pk>/remove/",
        changes(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
]
