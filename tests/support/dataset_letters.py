"""Builders of every letter that carries a text which a person wrote in `full_dataset`."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from eventflow.mail import Letter
from events.mails import door_staff
from events.models import DoorStaff, Event
from tests.support.full_dataset import Dataset
from tickets import mails


def letters(dataset: Dataset) -> Iterator[partial[Letter | None]]:
    """Yield the builders of the letters to guests, to the organizer and to door staff."""
    of, events = dataset["reservations"], dataset["events"]
    ticket, why = of["confirmed"].tickets.get(), of["told why"]
    moved = Event.objects.get(pk=events["pending"].pk)
    yield partial(mails.queued, of["full"].pk)
    yield partial(mails.waits_again, of["full"].pk)
    yield partial(mails.confirmed, of["confirmed"].pk, ticket.serial)
    yield partial(mails.rejected, why.pk, why.decided_at.isoformat())
    yield partial(mails.event_cancelled, of["called off"].pk)
    before = {
        name: (getattr(moved, name) - timedelta(days=1)).isoformat()
        for name in ("start_time", "end_time")
    }
    before["location"] = f"{moved.location} 2"
    yield partial(mails.moved, of["pending"].pk, moved.sequence)
    yield partial(mails.moved, of["pending"].pk, moved.sequence, moved.pk, before)
    yield partial(mails.reminder, of["confirmed"].pk, of["confirmed"].event.start_time.isoformat())
    yield partial(mails.cancelled, of["cancelled by the guest"].pk)
    said = of["confirmed"].event.announcements.filter(withdrawn_at=None).first()
    yield partial(mails.announcement, said.pk, of["confirmed"].pk)
    news = [
        {"event": events[name].pk, "requests": 2, "freed": 1, "conflicts": 3}
        for name in ("open", "automatic")
    ]
    yield partial(mails.organizer_news, dataset["people"]["owner"].pk, news)
    yield partial(mails.organizer_news, dataset["people"]["owner"].pk, news[:1])
    for known in (True, False):
        staff = DoorStaff.objects.filter(person__isnull=not known)
        yield partial(door_staff, staff.latest("pk").pk)
