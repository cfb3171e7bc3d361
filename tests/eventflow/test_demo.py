"""The demo of a trial's first start is as sound as data that people made."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from eventflow.mail.models import Mail
from eventflow.operations import demo
from events.models import Event
from tests.support.factories import make_person
from tickets.models import Reservation
from tickets.queue import reads
from tickets.queue.invariants import violations

pytestmark = [pytest.mark.django_db, pytest.mark.once(on="postgresql")]


def test_demo_is_wanted_only_on_ones_own_empty_machine(settings):
    settings.TRIAL = False
    assert not demo.is_wanted()
    settings.TRIAL = True
    assert demo.is_wanted()
    make_person()
    assert not demo.is_wanted()


@pytest.fixture(scope="module")
def printed(django_db_setup, django_db_blocker):
    """What the command printed that loaded the demo, once for all tests below."""
    told = io.StringIO()
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_demo", stdout=told)
        yield told.getvalue()
        transaction.set_rollback(True)


def test_demo_breaks_no_invariant(printed):
    assert violations() == []
    for event in Event.objects.all():
        by_id = list(event.reservations.order_by("id"))
        assert by_id == list(event.reservations.in_queue_order())
        assert all(reservation.created < event.start_time for reservation in by_id)
        assert all(
            reservation.decided_at >= reservation.created
            for reservation in by_id
            if reservation.decided_at
        )


def test_demo_shows_every_state_there_is(printed):
    assert set(Event.objects.values_list("status", flat=True)) == {
        "draft",
        "published",
        "cancelled",
    }
    assert set(Event.objects.values_list("admission", flat=True)) == {"approval", "automatic"}
    assert set(Reservation.objects.values_list("status", flat=True)) == {
        "pending",
        "confirmed",
        "rejected",
        "cancelled",
    }
    published = list(Event.objects.published())
    assert any(event.is_running and event.checked_in_count for event in published)
    assert any(event.is_past for event in published)
    assert any(event.is_full and event.pending_count for event in published)
    maja = Reservation.objects.filter(person__email="maja@example.org")
    assert {reservation.status for reservation in maja} == {"pending", "confirmed", "rejected"}
    assert reads.position(maja.pending().get()) == 3


def test_demo_log_ins_are_printed_and_work(client, printed):
    for email in (
        "admin@example.org",
        "organizer@example.org",
        "door@example.org",
        "maja@example.org",
    ):
        assert email in printed
    assert demo.PASSWORD in printed
    assert User.objects.get(email="maja@example.org").check_password(demo.PASSWORD)
    client.post("/accounts/login/", {"login": "admin@example.org", "password": demo.PASSWORD})
    assert client.get("/administration/roles/").status_code == 200


def test_demo_mails_nobody_and_is_loaded_into_an_empty_database_only(printed):
    assert not Mail.objects.exists()
    assert not DBTaskResult.objects.exists()
    before = Event.objects.count()
    with pytest.raises(CommandError, match="people in this database already"):
        call_command("load_demo")
    assert Event.objects.count() == before
