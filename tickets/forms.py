"""The forms of the queue, of announcements and of check-in."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from eventflow.core.errors import Refused
from eventflow.core.fields import ComposedLine, ComposedText
from events.models import MAX_SEATS, Event
from tickets.checkin import scan_times
from tickets.messages import announcements
from tickets.models import Announcement, Reservation, ReservationQuerySet
from tickets.queue import counters


class QueueFilters(forms.Form):
    """Which reservations of an event the queue page shows. An unknown value is ignored."""

    EVERY = "all"
    # The plural names, which in other languages than English differ from the singular.
    STATES = [
        (Reservation.Status.PENDING, pgettext_lazy("reservations", "Pending")),
        (Reservation.Status.CONFIRMED, pgettext_lazy("reservations", "Confirmed")),
        (Reservation.Status.REJECTED, pgettext_lazy("reservations", "Rejected")),
        (Reservation.Status.CANCELLED, pgettext_lazy("reservations", "Cancelled")),
    ]

    state = forms.ChoiceField(required=False, choices=[*STATES, (EVERY, gettext_lazy("All"))])
    q = forms.CharField(
        label=gettext_lazy("Search by name, e-mail or note"), required=False, max_length=200
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self.full_clean()

    @property
    def first(self) -> str:
        """The state that is shown by default: pending; of a cancelled event, confirmed."""
        Status = Reservation.Status
        return Status.CONFIRMED if self.event.is_cancelled else Status.PENDING

    @property
    def shown(self) -> str:
        return self.cleaned_data.get("state") or self.first

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q", "")

    def found(self, kept: Sequence[int] = ()) -> ReservationQuerySet:
        """Return the event's reservations that match, in queue order.

        `kept`: ids of reservations that are shown too, whatever their state is.
        """
        found = self.event.reservations.matching(self.words, "note_folded")
        if self.shown != self.EVERY:
            wanted = self.wanted()
            found = found.filter(wanted | Q(pk__in=kept) if kept else wanted)
        return found.in_queue_order()

    def wanted(self) -> Q:
        """Return the condition for the state that is shown.

        A reservation of a cancelled event counts as what it was before, not as rejected.
        """
        if not self.event.is_cancelled:
            return Q(status=self.shown)
        if self.shown in Reservation.AtCancellation:
            return Q(status_at_cancellation=self.shown)
        return Q(status=self.shown, status_at_cancellation="")

    def states(self) -> list[tuple[str, str, int]]:
        """Return the choices as (value, name, how many reservations); all reservations last."""
        counts = counters.counts(self.event)
        names: dict[str, Any] = {str(value): name for value, name in self.STATES}
        if self.event.is_cancelled:
            names |= {kind.value: kind.label for kind in Reservation.AtCancellation}
            confirmed = Reservation.AtCancellation.CONFIRMED.value
            names = {confirmed: names[confirmed], **names}
        choices = [(value, str(name), counts[value]) for value, name in names.items()]
        return [*choices, (self.EVERY, str(_("All")), self.event.reservation_count)]

    @property
    def seen(self) -> str:
        """The status of the rows that can be ticked: confirmed if only those are shown."""
        Status = Reservation.Status
        return Status.CONFIRMED if self.shown == Status.CONFIRMED else Status.PENDING

    @property
    def takes_seats(self) -> bool:
        """Whether the rows that can be ticked have a seat, which a rejection takes back."""
        return self.seen == Reservation.Status.CONFIRMED

    @property
    def shows_waiting(self) -> bool:
        """Whether only pending reservations are shown."""
        return not self.event.is_cancelled and self.shown == Reservation.Status.PENDING

    @property
    def has_ticks(self) -> bool:
        """Whether rows can be ticked, for a decision about many at once."""
        return self.event.is_published and self.shown in {*Reservation.ACTIVE, self.EVERY}

    @property
    def has_places(self) -> bool:
        """Whether any row that is shown can have a position in the queue."""
        with_pending = {Reservation.Status.PENDING, self.EVERY}
        return not self.event.is_cancelled and self.shown in with_pending

    def count(self) -> int:
        """Return how many of the event's reservations have the state that is shown."""
        if self.shown == self.EVERY:
            return self.event.reservation_count
        return counters.counts(self.event)[self.shown]

    def query(self, page: str = "") -> dict[str, str]:
        """Return the query parameters of the address that shows the same reservations."""
        wanted = {
            "state": "" if self.shown == self.first else self.shown,
            "q": self.words,
            "page": "" if page == "1" else page,
        }
        return {name: value for name, value in wanted.items() if value}


class RejectForm(forms.Form):
    """The message to guests who are rejected, or lose their seat.

    `seen`: the status that the page showed when it asked for the message.
    """

    message = ComposedText(
        label=gettext_lazy("Message"),
        help_text=gettext_lazy("They read it in the e-mail and on the event page."),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 4}),
    )
    seen = forms.ChoiceField(
        required=False,
        widget=forms.HiddenInput,
        choices=[(status, status) for status in Reservation.ACTIVE],
    )


class NextForm(forms.Form):
    """How many pending reservations from the head of the queue to confirm."""

    number = forms.IntegerField(
        min_value=1,
        max_value=MAX_SEATS,
        error_messages={"required": gettext_lazy("Enter a number, like 20.")},
    )


class NoteForm(forms.Form):
    """The organizers' note about a guest."""

    note = ComposedText(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("For you and the other organizers. The guest never sees it."),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 4}),
    )


class MessageForm(forms.Form):
    """A message to the guests of an event. The key makes a form that is sent twice one message."""

    audience = forms.ChoiceField(
        label=gettext_lazy("To"),
        choices=Announcement.Audience.choices,
        initial=Announcement.Audience.CONFIRMED,
    )
    subject = ComposedLine(
        label=gettext_lazy("Subject"),
        max_length=150,
        error_messages={"required": gettext_lazy("Enter a subject.")},
    )
    body = ComposedText(
        label=gettext_lazy("Message"),
        help_text=gettext_lazy(
            "Everybody gets it as a mail of their own, in your words, with the date and the place "
            "below."
        ),
        max_length=5000,
        widget=forms.Textarea({"rows": 8}),
        error_messages={"required": gettext_lazy("Enter your message.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("audience") not in Announcement.Audience:
            self.initial.pop("audience", None)
        self.sizes = announcements.sizes(event)
        self.event_audiences = announcements.choices(event)

    def audiences(self) -> list[tuple[str, str, int]]:
        """Return the choices as (value, name, how many guests get it)."""
        return [(value, name, self.sizes[value]) for value, name in self.event_audiences]

    def refuse(self, refusal: Refused) -> None:
        """Show why the message was not sent, keep its text, and give it a new key."""
        self.add_error(refusal.field or None, refusal.message)
        self.data = dict(self.data.items()) | {"key": str(uuid.uuid4())}


class ScanForm(forms.Form):
    """What a device sends about a code that it read."""

    nonce = forms.RegexField(r"\A[ -~]{1,64}\Z")
    code = forms.CharField(max_length=500, required=False)
    # By the device's clock, in ISO 8601.
    at = forms.CharField(max_length=40, required=False)
    let_in = forms.BooleanField(required=False)
    undo = forms.BooleanField(required=False)

    def clean_at(self) -> datetime | None:
        """Read the time. An impossible one is refused later, alone, and not with the whole form."""
        return scan_times.read(self.cleaned_data["at"])


class GateForm(forms.Form):
    """The name of a new gate."""

    name = ComposedLine(
        label=gettext_lazy("Name of the gate"),
        help_text=gettext_lazy("Like “Entrance A”."),
        max_length=60,
        error_messages={"required": gettext_lazy("Enter a name for the gate.")},
    )


class GateLinkForm(forms.Form):
    """The name of the person who checks in at a gate."""

    called = ComposedLine(
        label=gettext_lazy("Your name"),
        help_text=gettext_lazy("So that the organizer knows who stands here."),
        max_length=40,
        error_messages={"required": gettext_lazy("Enter your name.")},
    )
