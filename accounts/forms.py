"""What people fill in about themselves. allauth's forms do the work; the words are ours."""

from typing import Any, ClassVar, cast

from allauth.account import forms as allauth
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import access, addresses
from accounts.mfa import CodeOnce
from accounts.models import User
from eventflow.core.fields import ComposedLine, KnownAddress, MailedAddress, NewAddress
from eventflow.core.time_zones import spoken_zone, zones_by_region

PASSWORD_HINT = _("At least 10 characters. Three random words work well.")
# What to enter, for a field that was left empty.
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


class OurWords:
    """Labels and hints from `words`, {field: (label, hint)}; no placeholders, which vanish when one needs them.

    An address is an `address_field`: one that is looked up, unless the form says that it is going to be stored.
    """

    words: ClassVar[dict[str, tuple[Any, Any]]] = {}
    address_field: ClassVar[type[KnownAddress]] = KnownAddress
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, given in self.fields.items():
            field = self.fields[name] = self.in_one_spelling(given)
            field.widget.attrs.pop("placeholder", None)
            field.label, field.help_text = self.words.get(name, (field.label, ""))
            if name in REQUIRED:
                field.error_messages["required"] = REQUIRED[name]
            if isinstance(field, forms.EmailField):
                field.error_messages["invalid"] = _(
                    "Enter an e-mail address like name@example.org."
                )
                field.widget.attrs |= {"inputmode": "email", "spellcheck": "false"}

    def in_one_spelling(self, field: forms.Field) -> forms.Field:
        """Our field of an address in place of allauth's, which knows letter case only."""
        if not isinstance(field, forms.EmailField):
            return field
        return self.address_field(required=field.required, widget=field.widget, max_length=254)


class LoginForm(OurWords, allauth.LoginForm):
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


class SignupForm(OurWords, allauth.SignupForm):
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
        """allauth looks at the password beside the address; here the names are known too."""
        data = super().clean()
        if password := data.get("password1"):
            try:
                validate_password(password, named_person(data))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data

    def validate_unique_email(self, value: str) -> str:
        """Nothing here tells a taken address from a free one, not even a query more; the service finds out."""
        return value

    def person(self) -> dict[str, str]:
        """The arguments of `services.sign_up`."""
        data = self.cleaned_data
        return {
            "email": data["email"],
            "password": data["password1"],
            "first_name": data["first_name"],
            "last_name": data["last_name"],
            "language": data["language"] or get_language() or settings.LANGUAGE_CODE,
        }


def named_person(data: dict[str, Any]) -> User:
    names = ("email", "first_name", "last_name")
    return User(**{name: data.get(name) or "" for name in names})


class NewEmailForm(OurWords, allauth.AddEmailForm):
    address_field = NewAddress
    words = {
        "email": (
            _("E-mail"),
            _(
                "The old one stays in use until you press the button in the mail we send to the new one."
            ),
        )
    }

    def save(self, request: HttpRequest) -> EmailAddress:
        return addresses.ask_for_address(self.user, self.cleaned_data["email"])


class ChangePasswordForm(OurWords, allauth.ChangePasswordForm):
    words = {
        "oldpassword": (_("Current password"), ""),
        "password1": (_("New password"), PASSWORD_HINT),
        "password2": (_("New password again"), ""),
    }

    def save(self) -> None:
        access.change_password(self.user, self.cleaned_data["password1"])


class SetPasswordForm(OurWords, allauth.SetPasswordForm):
    words = {
        "password1": (_("New password"), PASSWORD_HINT),
        "password2": (_("New password again"), ""),
    }

    def save(self) -> None:
        access.change_password(self.user, self.cleaned_data["password1"])


class NewPasswordForm(OurWords, allauth.ResetPasswordKeyForm):
    words = SetPasswordForm.words

    def save(self) -> None:
        access.reset_password(self.user, self.cleaned_data["password1"], key=self.temp_key)


class ResetPasswordForm(OurWords, allauth.ResetPasswordForm):
    address_field = MailedAddress
    words = {"email": (_("E-mail"), "")}
    users: list[User]

    def clean_email(self) -> str:
        """Only the address that an account has, not one that it has asked for, gets the link."""
        email = super().clean_email()
        self.users = [person for person in self.users if person.email == email.lower()]
        return email


class ReauthenticateForm(OurWords, allauth.ReauthenticateForm):
    words = {"password": (_("Password"), "")}


CODE = {
    "code": (_("Code"), _("The six digits that your app shows now, or one of your recovery codes."))
}


class CodeForm(CodeOnce, OurWords, mfa.AuthenticateForm):
    words = CODE


class CodeAgainForm(CodeOnce, OurWords, mfa.ReauthenticateForm):
    words = CODE


class ActivateAppForm(CodeOnce, OurWords, totp.ActivateTOTPForm):
    words = {"code": (_("Code"), _("The six digits that the app shows now."))}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the same key until the app is set up: allauth draws a new one whenever the page is opened."""
        session = context.request.session
        begun = session.get(SECRET_SESSION_KEY)
        super().__init__(*args, **kwargs)
        if begun:
            self.secret = session[SECRET_SESSION_KEY] = begun


class AddPasskeyForm(OurWords, webauthn.AddWebAuthnForm):
    name = ComposedLine(max_length=100, required=False)
    words = {
        "name": (_("Name"), _("To tell your passkeys apart, like “my phone”.")),
        "passwordless": (_("Log in with this passkey alone, without the password"), ""),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class RenamePasskeyForm(OurWords, webauthn.EditWebAuthnForm):
    name = ComposedLine(max_length=100)
    words = {"name": (_("Name"), "")}


class LinkAgainForm(forms.Form):
    email = MailedAddress(
        label=_("E-mail"),
        max_length=254,
        error_messages={
            "required": REQUIRED["email"],
            "invalid": _("Enter an e-mail address like name@example.org."),
        },
        widget=forms.EmailInput(
            {"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}
        ),
    )


class SettingsForm(forms.Form):
    first_name = ComposedLine(
        label=_("First name"),
        max_length=150,
        error_messages={"required": REQUIRED["first_name"]},
        widget=forms.TextInput({"autocomplete": "given-name"}),
    )
    last_name = ComposedLine(
        label=_("Last name"),
        max_length=150,
        required=False,
        widget=forms.TextInput({"autocomplete": "family-name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("Of these pages, your e-mails and your tickets."),
    )

    organizer_mail = forms.ChoiceField(
        label=_("Mail about my events"),
        choices=User.OrganizerMail.choices,
        help_text=_(
            "New requests, a full house, spots that became free. The first request, a full house and a conflict at the door come at once."
        ),
    )
    time_zone = forms.ChoiceField(
        label=_("My time zone"),
        required=False,
        choices=lambda: clocks(),
        help_text=_("Where it is 8:00 when the daily mail comes."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        fields = ["first_name", "last_name", "language", "organizer_mail", "time_zone"]
        super().__init__(*args, **kwargs)
        self.initial = model_to_dict(person, fields)
        if not person.is_organizer:
            del self.fields["organizer_mail"], self.fields["time_zone"]
        else:
            cast(forms.ChoiceField, self.fields["time_zone"]).choices = clocks(person.time_zone)


def clocks(current: str = "") -> list[Any]:
    """Every time zone by region; before them this site's, and the one that the person has now."""
    here = _("As on this site: %(zone)s") % {"zone": spoken_zone(settings.TIME_ZONE)}
    own = [name for name in dict.fromkeys([current, "UTC"]) if name]
    return [("", here), *((name, spoken_zone(name)) for name in own), *zones_by_region({*own})]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=User.Role.choices)
