"""Forms of our own pages about people: a new activation link, the settings, a role."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from accounts.allauth_forms import INVALID_EMAIL, REQUIRED
from accounts.models import User
from eventflow.core.fields import ComposedLine, MailedAddress
from eventflow.core.time_zones import zone_label, zones_by_region


class ResendLinkForm(forms.Form):
    """The address that a new activation link is mailed to."""

    email = MailedAddress(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": REQUIRED["email"], "invalid": INVALID_EMAIL},
        widget=forms.EmailInput(
            {"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}
        ),
    )


class SettingsForm(forms.Form):
    """Names and language; for organizers the mail about their events, too."""

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
            "New requests, a full house, spots that became free. "
            "The first request, a full house and a conflict at the door come at once."
        ),
    )
    time_zone = forms.ChoiceField(
        label=_("My time zone"),
        required=False,
        choices=lambda: time_zone_choices(),
        help_text=_("Where it is 8:00 when the daily mail comes."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        fields = ["first_name", "last_name", "language", "organizer_mail", "time_zone"]
        super().__init__(*args, **kwargs)
        self.initial = model_to_dict(person, fields)
        if not person.is_organizer:
            del self.fields["organizer_mail"], self.fields["time_zone"]
        else:
            zones = time_zone_choices(person.time_zone)
            cast(forms.ChoiceField, self.fields["time_zone"]).choices = zones


def time_zone_choices(current: str = "") -> list[Any]:
    """Return every time zone by region; first this site's, and the one that the person has now."""
    default = _("As on this site: %(zone)s") % {"zone": zone_label(settings.TIME_ZONE)}
    first = [name for name in dict.fromkeys([current, "UTC"]) if name]
    named = [(name, zone_label(name)) for name in first]
    return [("", default), *named, *zones_by_region({*first})]


class RoleForm(forms.Form):
    """The role that an Admin grants."""

    role = forms.ChoiceField(choices=User.Role.choices)
