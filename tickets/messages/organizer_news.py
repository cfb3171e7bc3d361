"""Mail to organizers about their events: at once, once a day at 8:00 in their time zone, or never.

What happens is counted in one row an event (`EventNews`), in the transaction that does it. Once a
minute the worker queues one mail for all events of a person and resets the counts, in one
transaction under the lock of that person's row: so each is reported once, with any number of
workers, also when one is killed. Decision 31 says why.
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

# The shortest time between two mails to a person, so that many requests are one mail.
PAUSE = timedelta(minutes=15)
# The hour of the daily mail, in the person's time zone.
HOUR = 8
# Conflicts that are older are not reported.
CONFLICTS_KEPT = timedelta(days=7)


def note(
    event: Event, *, requests: int = 0, freed: int = 0, full: bool = False, urgent: bool = False
) -> None:
    """Count for the organizer's next mail what has just happened at this event.

    `requests`: new reservations; `freed`: seats that became free; `full`: the last seat was given;
    `urgent`: it can't wait for the daily mail. The caller holds the event's lock.
    """
    now = timezone.now()
    flags = {name: True for name, is_set in (("full", full), ("urgent", urgent)) if is_set}
    counts = {"requests": F("requests") + requests, "freed": F("freed") + freed}
    noted = EventNews.objects.filter(event=event)
    if not noted.update(**counts, **flags, since=Coalesce("since", now)):
        EventNews.objects.create(
            event=event, requests=requests, freed=freed, full=full, urgent=urgent, since=now
        )


def queue_due_mails() -> int:
    """Queue the mails that are due. Returns how many."""
    return sum(queue_mail_to(person) for person in people_with_news().order_by("pk"))


def people_with_news() -> QuerySet[User]:
    """The organizers of events that have something to report."""
    has_conflicts = Q(pk__in=unreported_conflicts().values("event"))
    events = Event.objects.filter(Q(news__since__isnull=False) | has_conflicts)
    return User.objects.filter(pk__in=events.values("organizer"))


@transaction.atomic
def queue_mail_to(person: User) -> bool:
    """Queue one mail about all events of the person, if one is due. Returns whether it was."""
    OrganizerLetter.objects.get_or_create(person=person)
    letter = OrganizerLetter.objects.select_for_update(no_key=True).get(person=person)
    found = EventNews.objects.filter(event__organizer=person, since__isnull=False)
    # Without the events' rows: other transactions lock an event before its news.
    news = list(found.select_for_update(no_key=True, of=("self",)).order_by("event"))
    own_conflicts = unreported_conflicts().filter(event__organizer=person)
    conflicts = Counter(own_conflicts.values_list("event", flat=True))
    wanted = person.is_active and person.organizer_mail != User.OrganizerMail.OFF
    if wanted and not is_due(person, letter, news, conflicts):
        return False
    facts = [facts_of(one, conflicts.pop(one.event_id, 0)) for one in news]
    facts += [{"event": event, "conflicts": number} for event, number in sorted(conflicts.items())]
    reset(news, [*conflicts])
    if not wanted:
        return False
    mail.queue(mails.organizer_news, to=person, args={"person": person.pk, "news": facts})
    letter.sent_at = timezone.now()
    letter.save()
    return True


def is_due(
    person: User, letter: OrganizerLetter, news: list[EventNews], conflicts: Counter[int]
) -> bool:
    """Whether a mail to the person is due now.

    For urgent news as soon as PAUSE is over; for other news when it has been 8:00 since.
    """
    if not news and not conflicts:
        return False
    now = timezone.now()
    at_once = person.organizer_mail == User.OrganizerMail.AT_ONCE
    if at_once or conflicts or any(one.urgent for one in news):
        return letter.sent_at is None or now >= letter.sent_at + PAUSE
    return min(one.since for one in news if one.since) < last_morning(person, now)


def last_morning(person: User, now: datetime) -> datetime:
    """Return the last time that it was 8:00 in the person's time zone."""
    local_now = now.astimezone(person.zone)
    morning = local_now.replace(hour=HOUR, minute=0, second=0, microsecond=0, fold=0)
    return morning if morning <= local_now else morning - timedelta(days=1)


def unreported_conflicts() -> QuerySet[Scan]:
    """Open conflicts that were received since the last mail about their event."""
    recent = Scan.objects.conflicts().open().filter(received__gt=timezone.now() - CONFLICTS_KEPT)
    never_reported = Q(event__news=None) | Q(event__news__told_at=None)
    return recent.filter(never_reported | Q(received__gt=F("event__news__told_at")))


def facts_of(news: EventNews, conflicts: int) -> dict[str, Any]:
    """Return the arguments of the mail about one event: its id and numbers only."""
    return {
        "event": news.event_id,
        "requests": news.requests,
        "freed": news.freed,
        "full": news.full,
        "conflicts": conflicts,
    }


def reset(news: list[EventNews], others: list[int]) -> None:
    """Set the counts back to zero, and mark all conflicts until now as reported.

    `others`: the ids of events that had conflicts only.
    """
    now = timezone.now()
    empty = {"requests": 0, "freed": 0, "full": False, "urgent": False, "since": None}
    EventNews.objects.filter(pk__in=[one.pk for one in news]).update(**empty, told_at=now)
    for event in others:
        EventNews.objects.update_or_create(event_id=event, defaults={"told_at": now})
