"""Mails to guests about the queue, about changes of the event, and to whom they reply."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from eventflow.mail.models import Mail
from events import services as event_services
from events.models import Event
from tests.eventflow.api.clients import Api, data
from tests.support.factories import (
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tests.support.mailbox import letters_to, link_in
from tickets.messages import announcements
from tickets.queue import bulk_decisions, decisions, registration

pytestmark = pytest.mark.django_db
WARSAW = ZoneInfo("Europe/Warsaw")


def last_letter(reservation):
    return letters_to(reservation.person.email)[-1]


@pytest.mark.parametrize(
    ("fields", "seated", "said"),
    [
        ({"seats_limit": 5}, 0, "The organizer decides about each reservation."),
        (
            {"seats_limit": 1},
            1,
            "The event is full. When a spot frees up, the organizer decides who gets it",
        ),
        (
            {"seats_limit": 1, "admission": "automatic"},
            1,
            "The event is full. When a spot frees up, the first in line gets it",
        ),
    ],
    ids=["approval", "approval full", "automatic full"],
)
def test_queue_mail_tells_the_guest_their_position(fields, seated, said):
    event = make_event(title="Nocny druk", **fields)
    for _ in range(seated):
        make_reservation(event, status="confirmed")
    make_reservation(event)
    reservation = make_reservation(event)
    letter = last_letter(reservation)
    assert letter.subject == "You are in the queue for Nocny druk, number 2"
    assert f"Your place in the queue: 2. {said}" in " ".join(letter.body.split())
    assert link_in(letter, "/reservations/leave/")
    assert "Leave the queue" in letter.alternatives[0].content


def test_queue_mail_is_not_sent_with_a_ticket():
    reservation = make_reservation(make_event(admission="automatic"))
    assert [
        letter.subject.partition(" at ")[0] for letter in letters_to(reservation.person.email)
    ] == ["You have a spot"]


def test_queue_mail_is_not_sent_to_a_guest_who_left_the_queue():
    reservation = make_reservation(status="confirmed")
    assert "queue" not in " ".join(
        letter.subject for letter in letters_to(reservation.person.email)
    )


def test_queue_mail_is_sent_for_a_reservation_over_the_api():
    event, person = make_event(), make_person()
    assert data(Api(person).post(f"/events/{event.pk}/register/"), 201)["queue_position"] == 1
    [letter] = letters_to(person.email)
    assert letter.subject.endswith("number 1")


def test_queue_mail_is_in_the_language_of_the_guest():
    reservation = make_reservation(make_event(title="Nocny druk"), make_person(language="pl"))
    letter = last_letter(reservation)
    assert letter.subject == "Jesteś w kolejce na: Nocny druk, miejsce 1"
    assert "Kiedy: " in letter.body
    assert letter.body.split("Kiedy: ")[1][0].islower()


# --- What has moved -------------------------------------------------------------------------------


@pytest.fixture
def moving():
    start = datetime(2099, 12, 10, 18, tzinfo=WARSAW)
    return make_event(
        title="Nocny druk",
        start_time=start,
        end_time=start + timedelta(hours=2),
        location="Ruska 46c",
    )


def test_changed_event_mail_has_the_new_and_the_old_time(moving):
    going, waiting = make_reservation(moving, status="confirmed"), make_reservation(moving)
    later = {"start_time": moving.start_time + timedelta(minutes=30), "end_time": moving.end_time}
    event_services.edit(moving, by=moving.organizer, **later)
    letter = last_letter(going)
    assert "You keep your spot." in letter.body
    assert (
        "New time: Thursday, 10 December 2099, 18:30–20:00 "
        "(was: Thursday, 10 December 2099, 18:00–20:00)" in letter.body
    )
    assert "Where: Ruska 46c" in letter.body
    assert (
        "(was: <bdi>Thursday, 10 December 2099, 18:00–20:00</bdi>)"
        in letter.alternatives[0].content
    )
    assert "You keep your place in the queue." in last_letter(waiting).body


def test_changed_event_mail_has_the_new_and_the_old_place_in_polish(moving):
    going = make_reservation(moving, make_person(language="pl"), status="confirmed")
    event_services.edit(moving, by=moving.organizer, location="Hala Targowa")
    letter = last_letter(going)
    assert "Nowe miejsce: Hala Targowa (było: Ruska 46c)" in letter.body
    assert "Kiedy: czwartek, 10 grudnia 2099" in letter.body


def test_changed_event_mail_after_two_changes_names_the_first_state(moving):
    going = make_reservation(moving, status="confirmed")
    letters_to(going.person.email)
    for place in ("A slip of the pen", "Hala Targowa"):
        event_services.edit(moving, by=moving.organizer, location=place)
    letter = last_letter(going)
    assert "New place: Hala Targowa (was: Ruska 46c)" in letter.body


def test_changed_event_mail_is_not_sent_after_a_change_back(moving):
    going = make_reservation(moving, status="confirmed")
    before = len(letters_to(going.person.email))
    for place in ("A slip of the pen", "Ruska 46c"):
        event_services.edit(moving, by=moving.organizer, location=place)
    assert len(letters_to(going.person.email)) == before


# --- Whom an answer reaches -----------------------------------------------------------------------


def every_kind(event):
    """One guest of each fate; the letters that these guests got."""
    going, waiting, gone, rejected = (
        make_reservation(event, status=status)
        for status in ("confirmed", "pending", "cancelled", "rejected")
    )
    words = {"subject": "Parking", "body": "Behind."}
    announcements.send(event, audience="all", **words, key=uuid4(), by=event.organizer)
    for guest in (going, waiting, gone, rejected):
        letters_to(guest.person.email)
    event_services.edit(event, by=event.organizer, location="Hala Targowa")
    for guest in (going, waiting):
        letters_to(guest.person.email)
    event_services.cancel(event, by=event.organizer)
    return [
        letter
        for guest in (going, waiting, gone, rejected)
        for letter in letters_to(guest.person.email)
    ]


def test_reply_to_a_guest_mail_goes_to_the_contact_of_the_event():
    letters = every_kind(make_event(contact_email="Studio@Example.org"))
    assert len({letter.subject.partition(":")[0] for letter in letters}) >= 6
    assert {tuple(letter.reply_to) for letter in letters} == {("studio@example.org",)}
    assert all(
        "Reply to this e-mail and the organizer reads it." in letter.body for letter in letters
    )


def test_guest_mail_without_a_contact_promises_no_reply():
    letters = every_kind(make_event())
    assert {tuple(letter.reply_to) for letter in letters} == {()}
    assert not [
        letter
        for letter in letters
        if "Reply to this" in letter.body or "Reply-To" in letter.message()
    ]


def test_editor_proposes_the_own_address_as_contact_of_a_new_event_only(client):
    organizer = make_organizer(email="pawel@example.org")
    client.force_login(organizer)
    assert 'value="pawel@example.org"' in client.get(reverse("events:new")).text
    event = make_event(organizer=organizer)
    page = client.get(reverse("events:edit", args=[event.pk])).text
    assert 'name="contact_email"' in page
    assert "pawel@example.org" not in page


def test_contact_is_duplicated_and_erased():
    event = make_event(contact_email="studio@example.org")
    assert event_services.duplicate(event, by=event.organizer).contact_email == "studio@example.org"
    Event.objects.filter(pk=event.pk).update(status="cancelled")
    event_services.release_events_of(event.organizer)
    assert Event.objects.get(pk=event.pk).contact_email == ""


def test_queue_mail_is_sent_once_to_each_of_many_guests():
    event = make_event()
    for person in make_people(3):
        registration.reserve(event.pk, person=person)
    assert Mail.objects.filter(builder="tickets.queued").count() == 3


# --- A decision that is taken back ----------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True])
def test_undo_before_the_mail_left_sends_no_mail(settings, many):
    settings.MAIL_DECISION_DELAY_SECONDS = 60
    reservation = make_reservation(make_event(title="Night Print"))
    decisions.confirm(reservation, by=reservation.event.organizer)
    take_back(reservation, many)
    assert "tickets.waits_again" not in Mail.objects.values_list("builder", flat=True)


@pytest.mark.parametrize("many", [False, True])
def test_undo_after_the_mail_left_mails_the_guest(many):
    reservation = make_reservation(make_event(title="Night Print"))
    decisions.confirm(reservation, by=reservation.event.organizer)
    letters_to(reservation.person.email)
    take_back(reservation, many)
    letter = letters_to(reservation.person.email)[-1]
    assert letter.subject == "You are in the queue for Night Print, number 1"
    assert (
        "The organizer took back the decision about your reservation. Your ticket no longer works."
        in letter.body
    )
    [calendar] = letter.attachments
    assert "METHOD:CANCEL" in calendar.get_content()


def test_undo_of_an_unsent_rejection_mails_a_guest_who_had_a_ticket(settings):
    reservation = make_reservation(make_event())
    decisions.confirm(reservation, by=reservation.event.organizer)
    letters_to(reservation.person.email)
    settings.MAIL_DECISION_DELAY_SECONDS = 60
    reservation.tickets.update(issued_at=timezone.now() - timedelta(hours=1))
    decisions.reject(reservation, by=reservation.event.organizer)
    decisions.undo(reservation, by=reservation.event.organizer)
    assert Mail.objects.get(builder="tickets.waits_again").state == "queued"


def test_undo_mail_is_not_sent_to_a_guest_who_is_confirmed_again():
    event = make_event(seats_limit=1)
    reservation = make_reservation(event)
    decisions.confirm(reservation, by=event.organizer)
    decisions.undo(reservation, by=event.organizer)
    decisions.confirm(reservation, by=event.organizer)
    letters_to(reservation.person.email)
    assert Mail.objects.get(builder="tickets.waits_again").state == "dropped"


def take_back(reservation, many):
    organizer = reservation.event.organizer
    if many:
        bulk_decisions.undo_many(reservation.event, [reservation.pk], by=organizer)
    else:
        decisions.undo(reservation, by=organizer)
