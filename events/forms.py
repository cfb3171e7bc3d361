"""What people type about events: the filters of the public list, the editor, the small forms of the panel."""

import secrets
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from eventflow.core.errors import Refused
from eventflow.core.fields import ComposedText, NewAddress
from eventflow.core.time_zones import Choices, zone_label, zones_by_region
from events.models import FIRST_YEAR, LAST_YEAR, MOST_SEATS, Event, EventQuerySet

FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
MINUTES = "%Y-%m-%dT%H:%M"


class DateInput(forms.DateInput):
    input_type = "date"


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"


# --- The public list --------------------------------------------------------------------------------------------------


class EventFilters(forms.Form):
    """What the public list is narrowed by. A value that makes no sense is ignored: people share and edit these addresses."""

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=200)
    place = forms.CharField(label=gettext_lazy("Place"), required=False, max_length=200)
    when = forms.ChoiceField(
        required=False,
        choices=[
            ("any", gettext_lazy("Any day")),
            ("week", gettext_lazy("This week")),
            ("weekend", gettext_lazy("Weekend")),
            ("month", gettext_lazy("This month")),
        ],
    )
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=DateInput({"class": "input"}, "%Y-%m-%d"),
        validators=DAYS,
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=DateInput({"class": "input"}, "%Y-%m-%d"),
        validators=DAYS,
    )
    free = forms.BooleanField(label=gettext_lazy("Spots left"), required=False)
    noapproval = forms.BooleanField(label=gettext_lazy("No approval needed"), required=False)
    past = forms.BooleanField(label=gettext_lazy("Past events"), required=False)

    def events(self) -> EventQuerySet:
        """The public events that match, soonest first; past ones, newest first."""
        self.full_clean()
        events = Event.objects.public()
        events = (
            events.published().past().order_by("-start_time", "-id")
            if self.chosen("past")
            else events.upcoming()
        )
        events = events.matching(self.chosen("q")).between(*self.span())
        if self.chosen("place"):
            events = events.at(self.chosen("place"))
        if self.chosen("free"):
            events = events.with_spots()
        if self.chosen("noapproval"):
            events = events.published().filter(admission=Event.Admission.AUTOMATIC)
        return events

    def span(self) -> tuple[datetime | None, datetime | None]:
        """Between which two midnights: the dates chosen, else what `when` means today."""
        first, last = self.chosen("since"), self.chosen("until")
        if not first and not last:
            first, last = days_of(self.chosen("when"), timezone.localdate())
        return midnight(first), midnight(last + timedelta(days=1)) if last else None

    def is_narrowed(self) -> bool:
        return any(
            self.chosen(name) for name in self.fields if name not in {"when", "past"}
        ) or self.chosen("when") not in {"", "any"}

    def chosen(self, name: str) -> Any:
        return self.cleaned_data.get(name, "")


def days_of(when: str, today: date) -> tuple[date | None, date | None]:
    """The first and the last day of this week, weekend or month, as somebody means them on `today`."""
    sunday = today + timedelta(days=6 - today.weekday())
    if when == "week":
        return today, sunday
    if when == "weekend":
        return sunday - timedelta(days=1), sunday
    if when == "month":
        return today, (today.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return None, None


def midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


# --- The editor -------------------------------------------------------------------------------------------------------


class LocalMoment(forms.DateTimeField):
    """A time on the clock of the zone that is active while the form cleans; in UTC once it is read.

    `kept` is the moment that the form was filled in with, and its zone. Left as it was shown, it stays the very same: to the
    second, and where the clock shows it twice.
    """

    widget = MomentInput(format=MINUTES)
    default_error_messages = {
        "required": gettext_lazy("Choose a day and a time."),
        "invalid": gettext_lazy("Choose a day and a time."),
    }

    kept: tuple[datetime, zoneinfo.ZoneInfo] | None = None

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
            return moment and (
                self.untouched(moment.replace(tzinfo=None)) or moment.astimezone(UTC)
            )
        except OverflowError as error:  # in the year 1, before the first moment of UTC
            raise ValidationError(other_year(), code="invalid") from error
        except ValidationError as error:
            if error.code != "ambiguous_timezone" or not error.params:
                raise
            typed = error.params["datetime"]
            if kept := self.untouched(typed):
                return kept
            raise ValidationError(
                clock_change(typed, error.params["current_timezone"]), code=error.code
            ) from error

    def untouched(self, typed: datetime) -> datetime | None:
        """The moment kept, if the clock of its zone shows it as it was typed."""
        if self.kept is None:
            return None
        moment, zone = self.kept
        same = zone == timezone.get_current_timezone() and typed == on_the_wall(
            moment.astimezone(zone)
        )
        return moment if same else None


def clock_change(moment: datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Why this time on this clock is no point in time, or two: the night when the clocks go forward, or back."""
    said = {"time": f"{moment:%H:%M}", "zone": zone.key}
    exists = (
        moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment
    )
    if exists:
        return (
            _(
                "The clocks go back that night, so %(time)s happens twice in %(zone)s. Choose a time an hour earlier or later."
            )
            % said
        )
    return (
        _(
            "The clocks go forward that night, so there is no %(time)s in %(zone)s. Choose a time an hour earlier or later."
        )
        % said
    )


class EventForm(forms.ModelForm):
    """The editor. It says what is wrong with what was typed; `events.services` alone writes the event."""

    start_time = LocalMoment(label=gettext_lazy("Starts"))
    end_time = LocalMoment(label=gettext_lazy("Ends"))
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=lambda: zone_choices())
    # Asked for where the service refuses: see `refuse`.
    confirm_past = forms.BooleanField(
        label=gettext_lazy("Yes, this event is to be in the past"), required=False
    )
    asks_about_past = False
    # The same before guests get a mail about another time or place; what is asked, in words.
    confirm_move = forms.BooleanField(
        label=gettext_lazy("Yes, change it and tell them"), required=False
    )
    asks_about_move = ""
    seats_limit = forms.IntegerField(
        label=gettext_lazy("Capacity"),
        min_value=1,
        max_value=MOST_SEATS,
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
            self.initial.update(
                start_time=on_the_wall(event.local_start), end_time=on_the_wall(event.local_end)
            )
            for name in ("start_time", "end_time"):
                cast(LocalMoment, self.fields[name]).kept = getattr(event, name), event.zone
            # A zone set by another door, or renamed since, stays as it is.
            self.zones.choices = zone_choices(event.time_zone)
        else:
            self.initial.update(first_guess())

    def full_clean(self) -> None:
        """The times are read on the clock of the zone chosen in the same form."""
        with timezone.override(self.typed_zone()):
            super().full_clean()

    @property
    def zones(self) -> forms.ChoiceField:
        return cast(forms.ChoiceField, self.fields["time_zone"])

    def typed_zone(self) -> zoneinfo.ZoneInfo:
        typed = self.data.get(self.add_prefix("time_zone"), "")
        known = self.zones.valid_value(typed)
        return zoneinfo.ZoneInfo(typed if known else settings.TIME_ZONE)

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        for name in ("start_time", "end_time"):
            if said.get(name) and not FIRST_DAY <= said[name].date() <= LAST_DAY:
                self.add_error(name, other_year())
        if (
            said.get("start_time")
            and said.get("end_time")
            and said["end_time"] <= said["start_time"]
        ):
            self.add_error("end_time", _("The end must be after the start."))
        return said

    def _post_clean(self) -> None:
        """Leave the event as it is: the service sets the fields on its own locked copy and checks them there."""

    def refuse(self, refusal: Refused) -> None:
        """Say the service's no beside the field it is about; with a tick to insist, where that is possible.

        What is only to be confirmed is a question, and no error of a field.
        """
        if refusal.code == "guests_to_tell":
            self.asks_about_move = refusal.message
            return
        self.asks_about_past = refusal.code == "event_in_past"
        self.add_error(refusal.field or None, refusal.message)


def other_year() -> str:
    return _("Enter a year between %(first)d and %(last)d.") % {
        "first": FIRST_DAY.year,
        "last": LAST_DAY.year,
    }


def on_the_wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, second=0, microsecond=0)


def first_guess() -> dict[str, Any]:
    """What a new event starts from: next Saturday evening, here, in a look that not every other event has."""
    today = timezone.localdate()
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    start = datetime.combine(saturday, time(18))
    look = {
        "hue": secrets.choice(Event.Hue.values),
        "pattern": secrets.choice(Event.Pattern.values),
    }
    return {
        "start_time": start,
        "end_time": start + timedelta(hours=2),
        "time_zone": settings.TIME_ZONE,
        **look,
    }


def zone_choices(current: str = "") -> Choices:
    """Every zone of the world by region, this site's and the event's own before all others."""
    here = [name for name in dict.fromkeys([settings.TIME_ZONE, current, "UTC"]) if name]
    return [
        (_("Often used"), [(name, zone_label(name)) for name in here]),
        *zones_by_region(set(here)),
    ]


# --- The panel's small forms ------------------------------------------------------------------------------------------


class CancelEventForm(forms.Form):
    message = ComposedText(
        label=gettext_lazy("Message to guests"),
        help_text=gettext_lazy("Included in the e-mail and shown on the event page."),
        max_length=2000,
        required=False,
        widget=forms.Textarea,
    )


class DoorStaffForm(forms.Form):
    email = NewAddress(
        label=gettext_lazy("E-mail"),
        max_length=254,
        error_messages={
            "required": gettext_lazy("Enter their address."),
            "invalid": gettext_lazy("Enter an e-mail address like name@example.org."),
        },
        help_text=gettext_lazy(
            "We write to them. If they have no account, they sign up with this address first."
        ),
    )
