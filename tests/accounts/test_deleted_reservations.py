"""Deletion of an account: what becomes of its reservations and events."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone, translation

from accounts import deletion
from accounts.models import User
from eventflow.mail.models import Mail
from events import services as events
from events.models import Event
from tests.accounts.deletions import ADDRESS, NAME, status_and_ticket
from tests.support.check_in import check_in
from tests.support.factories import make_admin, make_event, make_person, make_reservation
from tests.support.full_dataset import move_times
from tests.support.mailbox import letters_to
from tickets.models import Reservation
from tickets.queue import decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def person_to_delete():
    return make_person(NAME, email=ADDRESS)


@pytest.mark.both
def test_deletion_promotes_the_head_of_the_automatic_queue(person_to_delete):
    event = make_event(seats_limit=1, admission="automatic")
    seat = make_reservation(event, person_to_delete)
    head, second = make_reservation(event), make_reservation(event)
    deletion.delete_account(person_to_delete)
    assert [status_and_ticket(one) for one in (seat, head, second)] == [
        ("cancelled", False),
        ("confirmed", True),
        ("pending", False),
    ]
    assert "You have a spot" in letters_to(head.person.email)[0].subject
    call_command("check_invariants")


@pytest.mark.both
def test_deletion_releases_seats_of_upcoming_events_and_keeps_past_ones(person_to_delete):
    names = ("seat", "place", "running", "inside", "over", "rejected")
    of = {
        name: make_reservation(make_event(), person_to_delete, status="confirmed")
        for name in names
        if name not in {"place", "rejected"}
    }
    of["place"] = make_reservation(make_event(), person_to_delete)
    of["rejected"] = decisions.reject(
        make_reservation(make_event(), person_to_delete),
        by=make_admin(),
        message="Kunegunda, not again",
    )
    for name in ("inside", "over"):
        check_in(of[name], by=of[name].event.organizer)
    decisions.note(of["over"], "Kunegunda sings", by=of["over"].event.organizer)
    for name in ("running", "inside"):
        move_times(of[name].event, start_time=-timedelta(hours=1), end_time=timedelta(hours=1))
    move_times(of["over"].event, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    deletion.delete_account(person_to_delete)
    assert {name: status_and_ticket(of[name]) for name in names} == {
        "seat": ("cancelled", False),
        "place": ("cancelled", False),
        "running": ("cancelled", False),
        "inside": ("confirmed", True),
        "over": ("confirmed", True),
        "rejected": ("rejected", False),
    }
    assert {
        (one.message, one.note) for one in Reservation.objects.filter(person=person_to_delete)
    } == {("", "")}
    counts = {
        name: Event.objects.values_list("confirmed_count", "pending_count", "checked_in_count").get(
            pk=of[name].event_id
        )
        for name in names
    }
    assert counts == dict.fromkeys(names, (0, 0, 0)) | dict.fromkeys(("inside", "over"), (1, 0, 1))
    call_command("check_invariants")


def test_guest_list_and_export_name_no_deleted_person(client, person_to_delete):
    event = make_event(start_time=timezone.now() + timedelta(minutes=5))
    check_in(make_reservation(event, person_to_delete, status="confirmed"), by=event.organizer)
    deletion.delete_account(person_to_delete)
    client.force_login(event.organizer)
    url = f"/organizer/events/{event.pk}/"
    page = client.get(f"{url}queue/?state=all").text
    rows = b"".join(client.get(f"{url}export.csv").streaming_content).decode()
    for shown in (page, rows):
        assert "Deleted account" in shown
        assert "deleted.invalid" not in shown
    with translation.override("pl"):
        assert str(User.objects.get(pk=person_to_delete.pk)) == translation.gettext(
            "Deleted account"
        )


def test_deleted_person_gets_no_more_mail(person_to_delete):
    event = make_event(start_time=timezone.now() + timedelta(minutes=5))
    inside, guest = (
        make_reservation(event, person, status="confirmed")
        for person in (person_to_delete, make_person())
    )
    check_in(inside, by=event.organizer)
    deletion.delete_account(person_to_delete)
    before = Mail.objects.count()
    events.edit(event, by=event.organizer, location="Elsewhere")
    assert [*Mail.objects.order_by("pk").values_list("to", flat=True)][before:] == [
        guest.person.email
    ]
