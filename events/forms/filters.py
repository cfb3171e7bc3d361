"""The filters of the public list of events."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy

from events.models import FIRST_YEAR, LAST_YEAR, Event, EventQuerySet

FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
DAY_VALIDATORS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class DateInput(forms.DateInput):
    input_type = "date"


class EventFilters(forms.Form):
    """The filters of the public list.

    A value that makes no sense is ignored: people share and edit these addresses.
    """

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
        validators=DAY_VALIDATORS,
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=DateInput({"class": "input"}, "%Y-%m-%d"),
        validators=DAY_VALIDATORS,
    )
    free = forms.BooleanField(label=gettext_lazy("Spots left"), required=False)
    noapproval = forms.BooleanField(label=gettext_lazy("No approval needed"), required=False)
    past = forms.BooleanField(label=gettext_lazy("Past events"), required=False)

    def events(self) -> EventQuerySet:
        """The public events that match, soonest first; past ones, newest first."""
        self.full_clean()
        public = Event.objects.public()
        past = public.published().past().order_by("-start_time", "-id")
        events = past if self.chosen("past") else public.upcoming()
        events = events.matching(self.chosen("q")).between(*self.span())
        if self.chosen("place"):
            events = events.at(self.chosen("place"))
        if self.chosen("free"):
            events = events.with_free_seats()
        if self.chosen("noapproval"):
            events = events.published().filter(admission=Event.Admission.AUTOMATIC)
        return events

    def span(self) -> tuple[datetime | None, datetime | None]:
        """From midnight to midnight: the chosen dates, else what `when` means today."""
        first, last = self.chosen("since"), self.chosen("until")
        if not first and not last:
            first, last = days_of(self.chosen("when"), timezone.localdate())
        return midnight(first), midnight(last + timedelta(days=1)) if last else None

    def is_narrowed(self) -> bool:
        filters = [name for name in self.fields if name not in {"when", "past"}]
        return any(map(self.chosen, filters)) or self.chosen("when") not in {"", "any"}

    def chosen(self, name: str) -> Any:
        return self.cleaned_data.get(name, "")


def days_of(when: str, today: date) -> tuple[date | None, date | None]:
    """The first and the last day of the week, weekend or month of `today`; else (None, None)."""
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
