"""Pages that grow with the data ask the database the same number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import DoorStaff, Event
from tests.support.check_in_devices import reading, results_of, send_readings
from tests.support.factories import (
    fill,
    make_admin,
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tickets.checkin import devices, gates
from tickets.messages import organizer_news
from tickets.models import Reservation

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def questions(client, url, data=None, **headers):
    """How many times this page asks the database."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url, data, headers=headers).status_code == 200
    return len(asked)


def test_list_asks_twice_and_three_times_more_for_a_guest(client):
    person = make_person()
    for _ in range(30):
        fill(make_event(), [person])
    assert questions(client, "/") == 2
    client.force_login(person)
    assert questions(client, "/") == 5  # and: the session, the person, their states


def test_page_of_an_event_asks_once_and_a_few_times_more_for_a_guest(client):
    event, person = make_event(seats_limit=500), make_person()
    url = event.get_absolute_url()
    assert questions(client, url) == 1
    client.force_login(person)
    few = questions(client, url)
    fill(event, [*make_people(200), person])
    assert (few, questions(client, url)) == (
        6,
        6,
    )  # the session, the person, the event, its door, their reservation, and no seat or their place


def test_my_reservations_need_the_same_queries_for_two_and_for_twenty(client):
    person, others = make_person(), make_people(20)
    client.force_login(person)
    asked = []
    for number in (2, 18):
        for _ in range(number):
            event = make_event(seats_limit=100)
            fill(event, [*others, person])
        asked.append(questions(client, reverse("tickets:mine")))
    assert asked == [
        5,
        5,
    ]  # the session, the person, the two counts, how many pages, the page with places and entries


@pytest.mark.parametrize("state", ["pending", "all", "confirmed"])
def test_queue_needs_the_same_queries_for_ten_and_for_hundreds(client, state):
    event = make_event(seats_limit=2000, organizer=make_organizer())
    client.force_login(event.organizer)
    asked = []
    for number in (10, 190):
        fill(event, make_people(number // 2))
        fill(Event.objects.get(pk=event.pk), make_people(number // 2), "confirmed")
        asked.append(
            [
                questions(
                    client, reverse("tickets:queue", args=[event.pk]), {"state": state, "q": words}
                )
                for words in ("", "guest")
            ]
        )
    assert Reservation.objects.count() == 200
    # The session, the person, the event, which rows the page has, and those; the first place in the
    # queue, or how many match.
    assert asked == [[5 if state == "confirmed" else 6, 6]] * 2


def test_panel_needs_the_same_queries_for_two_and_for_twenty_events(client):
    organizer = make_organizer()
    client.force_login(organizer)
    asked = []
    for number in (2, 18):
        for _ in range(number):
            fill(make_event(organizer=organizer), make_people(5))
        asked.append(questions(client, reverse("events:panel")))
    assert asked == [
        6,
        6,
    ]  # the session, the person, the tabs, how many pages, the page, the sign-ups of all


def test_live_page_asks_the_same_before_and_after_two_hundred_arrivals(client):
    event = make_event(seats_limit=500, organizer=make_organizer())
    client.force_login(event.organizer)
    url, asked = reverse("events:live", args=[event.pk]), []
    for number in (10, 190):
        fill(Event.objects.get(pk=event.pk), make_people(number), "confirmed")
        event.tickets.filter(checked_in_at=None).update(
            checked_in_at=timezone.now(), checked_in_by=event.organizer
        )
        asked.append(
            (
                questions(client, url),
                questions(client, reverse("tickets:arrivals", args=[event.pk]), **HTMX),
            )
        )
    assert asked == [
        (7, 6),
        (7, 6),
    ]  # session, person, event, door staff; arrivals, the last of them, conflicts


@pytest.mark.both
@pytest.mark.parametrize("name", ["confirm", "reject"])
def test_decision_needs_the_same_queries_in_any_queue(client, name):
    event = make_event(seats_limit=2000, organizer=make_organizer())
    client.force_login(event.organizer)
    asked = []
    for number in (10, 190):
        fill(Event.objects.get(pk=event.pk), make_people(number))
        reservation = event.reservations.pending()[0]
        with CaptureQueriesContext(connection) as queries:
            client.post(reverse(f"tickets:{name}", args=[reservation.pk]), headers=HTMX)
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("deed", ["confirm_next", "reject_many", "take_back", "undo_many"])
def test_bulk_decision_needs_the_same_queries_for_five_and_for_fifteen(client, deed, settings):
    """More guests are more mails, which travel in batches of 20; nothing else grows."""
    settings.MAIL_DECISION_DELAY_SECONDS = 600
    event = make_event(seats_limit=2000, organizer=make_organizer())
    client.force_login(event.organizer)
    name, seen = {"take_back": ("reject_many", "confirmed")}.get(deed, (deed, "pending"))
    asked = []
    for number in (5, 15):
        fill(
            Event.objects.get(pk=event.pk),
            make_people(number),
            "confirmed" if deed in {"take_back", "undo_many"} else "pending",
        )
        event.reservations.update(decided_by=event.organizer)
        ticks = list(event.reservations.order_by("-pk").values_list("pk", flat=True)[:number])
        with CaptureQueriesContext(connection) as queries:
            client.post(
                reverse(f"tickets:{name}", args=[event.pk]),
                {"r": ticks, "number": number, "state": seen},
                headers=HTMX,
            )
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("admission", ["approval", "automatic"])
def test_reservation_needs_the_same_queries_in_any_queue(client, admission):
    event, asked = make_event(seats_limit=2000, admission=admission), []
    taken = "pending" if admission == "approval" else "confirmed"
    organizer_news.note(event)  # the first note about an event makes its row
    for number in (10, 190):
        fill(Event.objects.get(pk=event.pk), make_people(number), taken)
        client.force_login(make_person())
        with CaptureQueriesContext(connection) as queries:
            client.post(reverse("tickets:reserve", args=[event.pk]), headers=HTMX)
        asked.append(len(queries))
    assert event.reservations.filter(status=taken).count() == 202
    assert asked[0] == asked[1]


@pytest.mark.both
def test_reservation_at_a_full_event_needs_the_same_queries_in_any_queue(client):
    event, asked = make_event(seats_limit=5, admission="automatic"), []
    fill(event, make_people(5), "confirmed")
    organizer_news.note(event)
    for number in (10, 190):
        fill(Event.objects.get(pk=event.pk), make_people(number))
        client.force_login(make_person())
        with CaptureQueriesContext(connection) as queries:
            client.post(reverse("tickets:reserve", args=[event.pk]), headers=HTMX)
        asked.append(len(queries))
    assert event.reservations.pending().count() == 202
    assert asked[0] == asked[1]


# --- Every other page -----------------------------------------------------------------------------

# How often each page asks the database for an organizer who is also an Admin and a guest; two of
# them are the session and the person.
PAGES = {
    "/": 5,
    "/events/{event}/": 5,
    "/events/{event}/calendar.ics": 3,
    "/reservations/": 5,
    "/reservations/{seat}/ticket/": 3,
    "/reservations/{seat}/ticket.svg": 4,
    "/reservations/{seat}/cancel/": 3,
    "/accounts/sessions/": 3,
    "/accounts/settings/": 2,
    "/accounts/settings/delete/": 2,
    "/accounts/2fa/": 4,
    "/organizer/": 6,
    "/organizer/events/new/": 2,
    "/organizer/events/{event}/": 7,
    "/organizer/events/{event}/conflicts/": 6,
    "/organizer/events/{event}/edit/": 3,
    "/organizer/events/{event}/cancel/": 3,
    "/organizer/events/{event}/queue/": 3,
    "/organizer/events/{event}/messages/": 4,
    "/organizer/events/{event}/check-in/": 6,
    "/organizer/events/{event}/check-in/ready/": 6,
    "/organizer/events/{event}/check-in/search/?q=gu": 5,
    "/organizer/events/{event}/doors/": 6,
    "/organizer/reservations/{seat}/note/": 3,
    "/administration/roles/": 5,
    "/offline/": 2,
}


def test_page_needs_the_listed_number_of_queries(client):
    admin = make_admin()
    event = make_event(organizer=admin, seats_limit=50)
    seat = make_reservation(event, admin, status="confirmed")
    fill(Event.objects.get(pk=event.pk), make_people(20), "confirmed")
    client.force_login(admin)
    client.get(f"/reservations/{seat.pk}/ticket.svg")  # the signing key is read once
    asked = {path: questions(client, path.format(event=event.pk, seat=seat.pk)) for path in PAGES}
    assert asked == PAGES


@pytest.mark.both
@pytest.mark.parametrize(("admission", "number"), [("approval", 14), ("automatic", 14)])
def test_reserving_on_the_page_takes_few_statements(client, admission, number):
    """One of the event: the lock's, which asks whether the person may see it."""
    event, person = make_event(admission=admission, seats_limit=5), make_person()
    organizer_news.note(event)  # the row of its news is there already
    client.force_login(person)
    with CaptureQueriesContext(connection) as statements:
        answer = client.post(reverse("tickets:reserve", args=[event.pk]), headers=HTMX)
    assert answer.status_code == 200
    whole = [one["sql"] for one in statements if 'FROM "events_event"' in one["sql"]]
    assert len(whole) == 1, whole
    assert len(statements) == number, [one["sql"][:70] for one in statements]


# --- Check-in -------------------------------------------------------------------------------------


def statements_of_a_scan(device, ticket, nonce):
    """The statements of one scan by the device that door staff use, transaction included."""
    key, read = devices.new_key(device), reading(ticket, nonce, let_in=False)
    with CaptureQueriesContext(connection) as statements:
        answer = send_readings(key, device.event, read)
    assert results_of(answer) == ["admitted"], answer.content
    return [statement["sql"][:60] for statement in statements]


@pytest.mark.both
@pytest.mark.django_db(transaction=True)  # a key is remembered once it is committed
@pytest.mark.parametrize("who", ["organizer", "door staff", "gate"])
def test_scan_of_a_device_takes_eleven_statements(who):
    """The key, the lock with the right, the ticket; five written, the contact; begin and end."""
    event = make_event()
    if who == "gate":
        gate = gates.add_gate(event, name="Entrance A", by=event.organizer)
        device = devices.register(event, gate=gate, called="Kuba")
    else:
        person = event.organizer if who == "organizer" else make_person()
        DoorStaff.objects.create(event=event, email=person.email, person=person)
        device = devices.register(event, person=person)
    tickets = [make_reservation(event, status="confirmed").tickets.get() for _ in range(2)]
    statements_of_a_scan(device, tickets[0], "n-1")  # the public key is read once a process
    statements = statements_of_a_scan(device, tickets[1], "n-2")
    assert len(statements) == 11, statements
