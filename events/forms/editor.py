"""The editor of an event: its fields, and times on the clock of the event's own zone."""

import secrets
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from eventflow.core.errors import Refused
from eventflow.core.time_zones import Choices, zone_label, zones_by_region
from events.forms.filters import FIRST_DAY, LAST_DAY
from events.models import MAX_SEATS, Event

MINUTES = "%Y-%m-%dT%H:%M"


class DateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"


class LocalDateTimeField(forms.DateTimeField):
    """A time on the clock of the zone that is active while the form cleans; cleaned to UTC.

    `shown` is the moment with which the form was filled in, and its zone. Typed as it was shown,
    the moment stays the same: to the second, and where the clock shows it twice.
    """

    widget = DateTimeInput(format=MINUTES)
    default_error_messages = {
        "required": gettext_lazy("Choose a day and a time."),
        "invalid": gettext_lazy("Choose a day and a time."),
    }

    shown: tuple[datetime, zoneinfo.ZoneInfo] | None = None

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
            if moment is None:
                return None
            return self.unchanged(moment.replace(tzinfo=None)) or moment.astimezone(UTC)
        except OverflowError as error:  # in the year 1, before the first moment of UTC
            raise ValidationError(year_message(), code="invalid") from error
        except ValidationError as error:
            if error.code != "ambiguous_timezone" or not error.params:
                raise
            typed = error.params["datetime"]
            if moment := self.unchanged(typed):
                return moment
            message = clock_change_message(typed, error.params["current_timezone"])
            raise ValidationError(message, code=error.code) from error

    def unchanged(self, typed: datetime) -> datetime | None:
        """The moment that was shown, if it was typed as the clock of its zone shows it."""
        if self.shown is None:
            return None
        moment, zone = self.shown
        if zone != timezone.get_current_timezone():
            return None
        return moment if typed == local_minutes(moment.astimezone(zone)) else None


def clock_change_message(local: datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Why this local time does not exist, or exists twice: the clocks go forward or back."""
    there_and_back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    if there_and_back.replace(tzinfo=None) == local:
        message = _(
            "The clocks go back that night, so %(time)s happens twice in %(zone)s. "
            "Choose a time an hour earlier or later."
        )
    else:
        message = _(
            "The clocks go forward that night, so there is no %(time)s in %(zone)s. "
            "Choose a time an hour earlier or later."
        )
    return message % {"time": f"{local:%H:%M}", "zone": zone.key}


class EventForm(forms.ModelForm):
    """The editor. It validates; `events.services` alone writes the event."""

    start_time = LocalDateTimeField(label=gettext_lazy("Starts"))
    end_time = LocalDateTimeField(label=gettext_lazy("Ends"))
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=lambda: zone_choices())
    # Shown where the service asks for a confirmation: see `add_refusal`.
    confirm_past = forms.BooleanField(
        label=gettext_lazy("Yes, this event is to be in the past"), required=False
    )
    asks_about_past = False
    # The same before guests get a mail about another time or place; the question, or empty.
    confirm_move = forms.BooleanField(
        label=gettext_lazy("Yes, change it and tell them"), required=False
    )
    asks_about_move = ""
    seats_limit = forms.IntegerField(
        label=gettext_lazy("Capacity"),
        min_value=1,
        max_value=MAX_SEATS,
        error_messages={
            "required": gettext_lazy("Enter how many people can come, as a number."),
            "invalid": gettext_lazy("Enter a number, like 24."),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    class Meta:
        model = Event
        fields = [
            "title",
            "description",
            "contact_email",
            "location",
            "start_time",
            "end_time",
            "time_zone",
            "seats_limit",
            "admission",
            "hue",
            "pattern",
        ]
        labels = {"contact_email": gettext_lazy("Contact e-mail")}
        help_texts = {
            "contact_email": gettext_lazy(
                "Guests’ answers to our e-mails go here. Everybody can see it."
            )
        }
        widgets = {"description": forms.Textarea({"rows": 6})}
        error_messages = {
            "title": {"required": gettext_lazy("Enter what the event is called.")},
            "location": {"required": gettext_lazy("Enter where it happens.")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event = self.instance
        if event.pk:
            for name in ("start_time", "end_time"):
                moment = getattr(event, name)
                self.initial[name] = local_minutes(moment.astimezone(event.zone))
                cast(LocalDateTimeField, self.fields[name]).shown = moment, event.zone
            # A zone that the API set, or that was renamed since, stays as it is.
            self.zones.choices = zone_choices(event.time_zone)
        else:
            self.initial.update(new_event_values())

    def full_clean(self) -> None:
        """The times are read on the clock of the zone chosen in the same form."""
        with timezone.override(self.submitted_zone()):
            super().full_clean()

    @property
    def zones(self) -> forms.ChoiceField:
        return cast(forms.ChoiceField, self.fields["time_zone"])

    def submitted_zone(self) -> zoneinfo.ZoneInfo:
        """The zone chosen in the form; an unknown one is the site's."""
        name = self.data.get(self.add_prefix("time_zone"), "")
        return zoneinfo.ZoneInfo(name if self.zones.valid_value(name) else settings.TIME_ZONE)

    def clean(self) -> dict[str, Any]:
        for name in ("start_time", "end_time"):
            moment = self.cleaned_data.get(name)
            if moment and not FIRST_DAY <= moment.date() <= LAST_DAY:
                self.add_error(name, year_message())
        start, end = (self.cleaned_data.get(name) for name in ("start_time", "end_time"))
        if start and end and end <= start:
            self.add_error("end_time", _("The end must be after the start."))
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the event as it is: the service sets and checks the fields on its locked row."""

    def add_refusal(self, refusal: Refused) -> None:
        """Show a refusal of the service beside its field, with a box to confirm where possible.

        What is only to be confirmed is a question and no error of a field.
        """
        if refusal.code == "guests_to_tell":
            self.asks_about_move = refusal.message
            return
        self.asks_about_past = refusal.code == "event_in_past"
        self.add_error(refusal.field or None, refusal.message)


def year_message() -> str:
    return _("Enter a year between %(first)d and %(last)d.") % {
        "first": FIRST_DAY.year,
        "last": LAST_DAY.year,
    }


def local_minutes(moment: datetime) -> datetime:
    """The time as a field of the form shows it: to the minute, without its zone."""
    return moment.replace(tzinfo=None, second=0, microsecond=0)


def new_event_values() -> dict[str, Any]:
    """What the form of a new event shows: next Saturday evening, a hue and pattern by chance."""
    today = timezone.localdate()
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    start = datetime.combine(saturday, time(18))
    return {
        "start_time": start,
        "end_time": start + timedelta(hours=2),
        "time_zone": settings.TIME_ZONE,
        "hue": secrets.choice(Event.Hue.values),
        "pattern": secrets.choice(Event.Pattern.values),
    }


def zone_choices(current: str = "") -> Choices:
    """Every zone by region; first those of this site and of the event, and UTC."""
    here = [name for name in dict.fromkeys([settings.TIME_ZONE, current, "UTC"]) if name]
    return [
        (_("Often used"), [(name, zone_label(name)) for name in here]),
        *zones_by_region(set(here)),
    ]
