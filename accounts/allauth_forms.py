"""allauth's forms with our words, our fields for addresses and names, and our services."""

from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import access, address_change
from accounts.allauth_bridge import TOTP_SECRET_KEY
from accounts.models import User
from accounts.second_factor import SingleUseCode
from eventflow.core.fields import ComposedLine, KnownAddress, MailedAddress, NewAddress

PASSWORD_HINT = _("At least 10 characters. Three random words work well.")
INVALID_EMAIL = _("Enter an e-mail address like name@example.org.")
# What to enter into a field that was left empty.
REQUIRED = {
    "code": _("Enter the code."),
    "email": _("Enter your e-mail address."),
    "first_name": _("Enter your first name."),
    "login": _("Enter your e-mail address."),
    "name": _("Enter a name."),
    "oldpassword": _("Enter your current password."),
    "password": _("Enter your password."),
    "password1": _("Enter a password."),
    "password2": _("Enter the password again."),
}


class WordedForm:
    """Mixin: labels and hints from `words`, {field: (label, hint)}, and our fields for addresses.

    Placeholders are removed, for they disappear when one needs them. `address_field` is the kind of
    field for an address: one that is looked up, unless the form stores it.
    """

    words: ClassVar[dict[str, tuple[Any, Any]]] = {}
    address_field: ClassVar[type[KnownAddress]] = KnownAddress
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, given in self.fields.items():
            field = self.fields[name] = self.with_our_address_field(given)
            field.widget.attrs.pop("placeholder", None)
            field.label, field.help_text = self.words.get(name, (field.label, ""))
            if name in REQUIRED:
                field.error_messages["required"] = REQUIRED[name]
            if isinstance(field, forms.EmailField):
                field.error_messages["invalid"] = INVALID_EMAIL
                field.widget.attrs |= {"inputmode": "email", "spellcheck": "false"}

    def with_our_address_field(self, field: forms.Field) -> forms.Field:
        """Replace allauth's field for an address, which makes only the letter case canonical."""
        if not isinstance(field, forms.EmailField):
            return field
        return self.address_field(required=field.required, widget=field.widget, max_length=254)


class LoginForm(WordedForm, account.LoginForm):
    words = {
        "login": (_("E-mail"), ""),
        "password": (_("Password"), ""),
        "remember": (_("Keep me logged in on this device"), ""),
    }
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].initial = True
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class SignupForm(WordedForm, account.SignupForm):
    field_order = ["first_name", "last_name", "email", "password1", "password2", "language"]
    address_field = NewAddress
    words = {
        "first_name": (_("First name"), _("As you would like it on your ticket.")),
        "last_name": (_("Last name"), ""),
        "email": (_("E-mail"), ""),
        "password1": (_("Password"), PASSWORD_HINT),
        "password2": (_("Password again"), ""),
        "language": (_("E-mails and tickets in"), ""),
    }
    first_name = ComposedLine(
        max_length=150, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = ComposedLine(
        max_length=150, required=False, widget=forms.TextInput({"autocomplete": "family-name"})
    )
    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False, initial=get_language)

    def clean(self) -> dict[str, Any]:
        """Validate the password beside the names; allauth knows the address only."""
        data = super().clean()
        if password := data.get("password1"):
            try:
                validate_password(password, unsaved_person(data))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data

    def validate_unique_email(self, value: str) -> str:
        """Accept an address that has an account: nothing here may tell it. The service decides."""
        return value

    def sign_up_arguments(self) -> dict[str, str]:
        """Return the arguments of `sign_up.sign_up`."""
        data = self.cleaned_data
        return {
            "email": data["email"],
            "password": data["password1"],
            "first_name": data["first_name"],
            "last_name": data["last_name"],
            "language": data["language"] or get_language() or settings.LANGUAGE_CODE,
        }


def unsaved_person(data: dict[str, Any]) -> User:
    """Return a person with the address and names of a form, for the validators of passwords."""
    names = ("email", "first_name", "last_name")
    return User(**{name: data.get(name) or "" for name in names})


class NewEmailForm(WordedForm, account.AddEmailForm):
    address_field = NewAddress
    words = {
        "email": (
            _("E-mail"),
            _(
                "The old one stays in use until you press the button in the mail "
                "we send to the new one."
            ),
        )
    }

    def save(self, request: HttpRequest) -> EmailAddress:
        return address_change.request_address_change(self.user, self.cleaned_data["email"])


class ChangePasswordForm(WordedForm, account.ChangePasswordForm):
    words = {
        "oldpassword": (_("Current password"), ""),
        "password1": (_("New password"), PASSWORD_HINT),
        "password2": (_("New password again"), ""),
    }

    def save(self) -> None:
        access.change_password(self.user, self.cleaned_data["password1"])


class SetPasswordForm(WordedForm, account.SetPasswordForm):
    words = {
        "password1": (_("New password"), PASSWORD_HINT),
        "password2": (_("New password again"), ""),
    }

    def save(self) -> None:
        access.change_password(self.user, self.cleaned_data["password1"])


class NewPasswordForm(WordedForm, account.ResetPasswordKeyForm):
    words = SetPasswordForm.words

    def save(self) -> None:
        access.reset_password(self.user, self.cleaned_data["password1"], key=self.temp_key)


class ResetPasswordForm(WordedForm, account.ResetPasswordForm):
    address_field = MailedAddress
    words = {"email": (_("E-mail"), "")}
    users: list[User]

    def clean_email(self) -> str:
        """Mail the link to the address that an account has, not to one that it requested."""
        email = super().clean_email()
        self.users = [person for person in self.users if person.email == email.lower()]
        return email


class ReauthenticateForm(WordedForm, account.ReauthenticateForm):
    words = {"password": (_("Password"), "")}


CODE_WORDS = {
    "code": (_("Code"), _("The six digits that your app shows now, or one of your recovery codes."))
}


class CodeForm(SingleUseCode, WordedForm, mfa.AuthenticateForm):
    words = CODE_WORDS


class CodeAgainForm(SingleUseCode, WordedForm, mfa.ReauthenticateForm):
    words = CODE_WORDS


class ActivateAppForm(SingleUseCode, WordedForm, totp.ActivateTOTPForm):
    words = {"code": (_("Code"), _("The six digits that the app shows now."))}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show one secret until the app is set up; allauth makes one each time the page opens."""
        session = context.request.session
        secret = session.get(TOTP_SECRET_KEY)
        super().__init__(*args, **kwargs)
        if secret:
            self.secret = session[TOTP_SECRET_KEY] = secret


class AddPasskeyForm(WordedForm, webauthn.AddWebAuthnForm):
    name = ComposedLine(max_length=100, required=False)
    words = {
        "name": (_("Name"), _("To tell your passkeys apart, like “my phone”.")),
        "passwordless": (_("Log in with this passkey alone, without the password"), ""),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class RenamePasskeyForm(WordedForm, webauthn.EditWebAuthnForm):
    name = ComposedLine(max_length=100)
    words = {"name": (_("Name"), "")}
