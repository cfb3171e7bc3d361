"""Mail to organizers about what happens at their events: at once, once a day at 8:00 on their clock, or never.

What happens is noted in the transaction that does it, in one row an event. A round of the worker, once a minute, puts one mail
for all events of a person into the outbox and takes the notes back, in one transaction under the lock of that person's row:
however many workers ask, whichever is killed, each note is told once. docs/decisions/ has why.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from eventflow import mail
from events.models import Event
from tickets import mails
from tickets.models import EventNews, OrganizerLetter, Scan

# No two mails to a person follow each other sooner, so that a rush of requests is one mail.
PAUSE = timedelta(minutes=15)
# Of the daily mail, on the clock of the person.
HOUR = 8
# An older conflict that nobody was told of is no news.
CONFLICTS_KEPT = timedelta(days=7)


# --- What happens -----------------------------------------------------------------------------------------------------


def note(
    event: Event, *, requests: int = 0, freed: int = 0, full: bool = False, urgent: bool = False
) -> None:
    """Keep for the organizer what has just happened. The caller holds the event's lock."""
    now = timezone.now()
    flags = {name: True for name, said in (("full", full), ("urgent", urgent)) if said}
    counts = {"requests": F("requests") + requests, "freed": F("freed") + freed}
    noted = EventNews.objects.filter(event=event)
    if not noted.update(**counts, **flags, since=Coalesce("since", now)):
        EventNews.objects.create(
            event=event, requests=requests, freed=freed, full=full, urgent=urgent, since=now
        )


# --- Who is told ------------------------------------------------------------------------------------------------------


def queue_due_mails() -> int:
    """Queue the mails that are due. Returns how many."""
    return sum(queue_mail_to(person) for person in people_with_news().order_by("pk"))


def people_with_news() -> QuerySet[User]:
    """Whoever organizes an event about which there is something to tell."""
    events = Event.objects.filter(
        Q(news__since__isnull=False) | Q(pk__in=untold_conflicts().values("event"))
    )
    return User.objects.filter(pk__in=events.values("organizer"))


@transaction.atomic
def queue_mail_to(person: User) -> bool:
    """Queue one mail about all events of the person, if one is due. Whether it was."""
    OrganizerLetter.objects.get_or_create(person=person)
    letter = OrganizerLetter.objects.select_for_update(no_key=True).get(person=person)
    found = EventNews.objects.filter(event__organizer=person, since__isnull=False)
    # Without the events: who changes one holds its lock before that of its news.
    news = list(found.select_for_update(no_key=True, of=("self",)).order_by("event"))
    conflicts = Counter(
        untold_conflicts().filter(event__organizer=person).values_list("event", flat=True)
    )
    wanted = person.is_active and person.organizer_mail != User.OrganizerMail.OFF
    if wanted and not is_due(person, letter, news, conflicts):
        return False
    facts = [fact(one, conflicts.pop(one.event_id, 0)) for one in news]
    facts += [{"event": event, "conflicts": number} for event, number in sorted(conflicts.items())]
    take_back(news, [*conflicts])
    if not wanted:
        return False
    mail.queue(mails.organizer_news, to=person, args={"person": person.pk, "news": facts})
    letter.sent_at = timezone.now()
    letter.save()
    return True


def is_due(
    person: User, letter: OrganizerLetter, news: list[EventNews], conflicts: Counter[int]
) -> bool:
    """Whether the person is to be told now: of what cannot wait once PAUSE is over, of the rest when it has been 8:00 since."""
    if not news and not conflicts:
        return False
    now = timezone.now()
    at_once = person.organizer_mail == User.OrganizerMail.AT_ONCE
    if at_once or conflicts or any(one.urgent for one in news):
        return letter.sent_at is None or now >= letter.sent_at + PAUSE
    return min(one.since for one in news if one.since) < last_morning(person, now)


def last_morning(person: User, now: datetime) -> datetime:
    """The newest 8:00 that has been on the clock of the person."""
    there = now.astimezone(person.zone)
    morning = there.replace(hour=HOUR, minute=0, second=0, microsecond=0, fold=0)
    return morning if morning <= there else morning - timedelta(days=1)


def untold_conflicts() -> QuerySet[Scan]:
    """Open conflicts at the door that have arrived since the organizer was last told."""
    recent = Scan.objects.conflicts().open().filter(received__gt=timezone.now() - CONFLICTS_KEPT)
    return recent.filter(
        Q(event__news=None)
        | Q(event__news__told_at=None)
        | Q(received__gt=F("event__news__told_at"))
    )


def fact(news: EventNews, conflicts: int) -> dict[str, Any]:
    """As the mail keeps it: numbers only."""
    said = {
        "requests": news.requests,
        "freed": news.freed,
        "full": news.full,
        "conflicts": conflicts,
    }
    return {"event": news.event_id, **said}


def take_back(news: list[EventNews], others: list[int]) -> None:
    """What was noted is told, and so are the conflicts until now, also at the `others`, which had nothing else."""
    now = timezone.now()
    empty = {"requests": 0, "freed": 0, "full": False, "urgent": False, "since": None}
    EventNews.objects.filter(pk__in=[one.pk for one in news]).update(**empty, told_at=now)
    for event in others:
        EventNews.objects.update_or_create(event_id=event, defaults={"told_at": now})
