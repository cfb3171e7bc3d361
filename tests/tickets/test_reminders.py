"""The day before, everybody with a seat is reminded, once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow.jobs import schedule
from events import services
from events.models import Event
from tests.support.factories import make_event, make_reservation
from tests.support.mailbox import letters_to, link_in
from tickets.messages import reminders
from tickets.models import Reservation
from tickets.queue import registration

pytestmark = pytest.mark.django_db
SOON = timedelta(hours=20)


def make_guest(event, status="confirmed", *, decided=timedelta(days=3)):
    """Somebody who has known since `decided` ago."""
    reservation = make_reservation(event, status=status)
    Reservation.objects.filter(pk=reservation.pk, status="confirmed").update(
        decided_at=timezone.now() - decided
    )
    return reservation


def begins_in(event, delta):
    Event.objects.filter(pk=event.pk).update(
        start_time=timezone.now() + delta, end_time=timezone.now() + delta + timedelta(hours=3)
    )


def reminded(reservation):
    return [
        letter
        for letter in letters_to(reservation.person.email)
        if letter.subject.startswith("Soon: ")
    ]


@pytest.fixture
def event():
    return make_event(title="Nocny druk")


def test_reminder_is_sent_once_on_the_day_before(event):
    guest = make_guest(event)
    assert reminders.remind_all() == 0
    begins_in(event, SOON)
    assert [reminders.remind_all(), reminders.remind_all()] == [1, 0]
    [letter] = reminded(guest)
    assert "Nocny druk" in letter.subject
    assert link_in(letter, "/ticket/") == f"/reservations/{guest.pk}/ticket/"
    assert link_in(letter, "/leave/")


def test_reminder_is_sent_to_confirmed_guests_only(event):
    others = [make_guest(event, status) for status in ("pending", "rejected", "cancelled")]
    begins_in(event, SOON)
    assert reminders.remind_all() == 0
    assert [reminded(one) for one in others] == [[], [], []]


def test_reminder_is_not_sent_to_a_guest_confirmed_today(event):
    guest = make_guest(event, decided=timedelta(hours=1))
    begins_in(event, SOON)
    assert reminders.remind_all() == 0
    assert reminded(guest) == []


@pytest.mark.parametrize("change", [{"status": "draft"}, {"status": "cancelled"}])
def test_reminder_is_not_sent_for_an_unpublished_event(event, change):
    make_guest(event)
    begins_in(event, SOON)
    Event.objects.filter(pk=event.pk).update(**change)
    assert reminders.remind_all() == 0


def test_reminder_is_not_sent_after_the_start(event):
    make_guest(event)
    begins_in(event, -timedelta(minutes=1))
    assert reminders.remind_all() == 0


def test_reminder_of_a_moved_event_replaces_the_old_one(event):
    guest = make_guest(event)
    begins_in(event, SOON)
    reminders.remind_all()
    event.refresh_from_db()
    services.edit(event, by=event.organizer, start_time=event.start_time + timedelta(hours=1))
    assert reminders.remind_all() == 1
    assert len(reminded(guest)) == 1, "the first found another time than its own"


def test_reminder_skips_a_guest_who_cancelled_meanwhile(event):
    guest = make_guest(event)
    begins_in(event, SOON)
    reminders.remind_all()
    registration.cancel(guest, by=guest.person)
    assert reminded(guest) == []


def test_worker_looks_for_reminders_every_few_minutes(django_capture_on_commit_callbacks):
    for _ in range(2):
        schedule.enqueue_due_tasks()
    assert DBTaskResult.objects.filter(task_path="eventflow.tasks.send_reminders").count() == 1
