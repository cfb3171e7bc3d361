"""Makes news for organizers, lets time pass, and reads what they got."""

from datetime import timedelta
from typing import Any

from django.db.models import F

from accounts.models import User
from events.models import Event
from tests.support.factories import make_people
from tests.support.mailbox import letters_to
from tickets.models import EventNews, OrganizerLetter
from tickets.queue import registration


def prefers(organizer: User, choice: str, **fields: Any) -> None:
    User.objects.filter(pk=organizer.pk).update(organizer_mail=choice, **fields)
    organizer.refresh_from_db()


def ask(event: Event, number: int) -> None:
    """Let so many new people reserve."""
    for person in make_people(number):
        registration.reserve(event.pk, person=person)


def subjects(organizer: User) -> list[str]:
    return [letter.subject for letter in letters_to(organizer.email)]


def later(delta: timedelta) -> None:
    """Let so much time pass since the news and since the last mail."""
    EventNews.objects.exclude(since=None).update(since=F("since") - delta)
    OrganizerLetter.objects.exclude(sent_at=None).update(sent_at=F("sent_at") - delta)
