"""Makes news for organizers, lets time pass, and reads what they got."""

from accounts.models import User
from tests.support.factories import make_people
from tests.support.mailbox import letters_to
from tickets.models import EventNews, OrganizerLetter
from tickets.queue import registration


def prefers(organizer, choice, **fields):
    User.objects.filter(pk=organizer.pk).update(organizer_mail=choice, **fields)
    organizer.refresh_from_db()


def ask(event, number):
    for person in make_people(number):
        registration.reserve(event.pk, person=person)


def subjects(organizer):
    return [letter.subject for letter in letters_to(organizer.email)]


def later(delta):
    """Let so much time pass since what was noted and since the last mail."""
    for one in EventNews.objects.exclude(since=None):
        EventNews.objects.filter(pk=one.pk).update(since=one.since - delta)
    for letter in OrganizerLetter.objects.exclude(sent_at=None):
        OrganizerLetter.objects.filter(pk=letter.pk).update(sent_at=letter.sent_at - delta)
