"""The check-in over the API: which events, whose ticket, admit and undo."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from eventflow.core.errors import Refused
from events import services as events
from events.models import DoorStaff, Event
from tests.eventflow.api.clients import Api, data, refused, rows
from tests.eventflow.api.door_data import code_of, staff_of
from tests.eventflow.api.values import moment
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets.checkin import lookup
from tickets.models import Reservation, Ticket
from tickets.queue import registration

pytestmark = pytest.mark.django_db
INSPECT = ["/organizer/reservations/{}/inspect/", "/reservations/{}/inspect/"]
DOOR = [("get", INSPECT[0]), ("get", INSPECT[1]), ("post", "/reservations/{}/check-in/")]


@pytest.fixture
def guest():
    """A confirmed reservation of Maja's."""
    return make_reservation(
        person=make_person("Maja Wiśniewska", email="maja@example.org"), status="confirmed"
    )


@pytest.mark.both
def test_door_events_are_those_where_the_caller_may_check_in_now():
    """Published, soonest first, until a day after the end, when the keys of phones end too."""
    organizer, now = make_organizer(), timezone.now()
    later = make_event(organizer=organizer, title="Later", start_time=now + timedelta(days=99))
    soon, over, past = (
        make_event(organizer=organizer, title=title) for title in ("Soon", "Over", "Past")
    )
    for event, ended in ((over, timedelta(hours=23)), (past, timedelta(hours=25))):
        Event.objects.filter(pk=event.pk).update(
            start_time=now - timedelta(days=2), end_time=now - ended
        )
    make_event(organizer=organizer, status="draft")
    events.cancel(make_event(organizer=organizer), by=organizer)
    helper = staff_of(soon)
    events.add_door_staff(later, email=helper.email, by=organizer)

    def titles(person):
        return [event["title"] for event in rows(Api(person).get("/door/events/"))]

    assert titles(organizer) == ["Over", "Soon", "Later"]
    assert titles(helper) == ["Soon", "Later"]
    assert titles(make_person()) == titles(make_organizer()) == []
    assert data(Api(helper).get("/door/events/"))[0] == data(Api().get(f"/events/{soon.pk}/"))
    assert refused(Api().get("/door/events/")) == (401, "not_authenticated")
    assert refused(Api(helper).get("/door/events/", status="published")) == (
        400,
        "unknown_parameter",
    )
    events.remove_door_staff(DoorStaff.objects.get(event=soon), by=organizer)
    assert titles(helper) == ["Later"]


# --- inspect and check in -------------------------------------------------------------------------


@pytest.mark.parametrize("path", INSPECT)
def test_inspect_tells_who_it_is_by_id_and_by_code(guest, path):
    api = Api(guest.event.organizer)
    by_id, by_code = (data(api.get(path.format(ref))) for ref in (guest.pk, code_of(guest)))
    assert by_id == by_code
    created, start = by_id.pop("created_at"), by_id.pop("event_start_time")
    assert (moment(created), moment(start)) == (guest.created, guest.event.start_time)
    assert by_id == {
        "reservation_id": guest.pk,
        "status": "confirmed",
        "checked_in": False,
        "checked_in_at": None,
        "user_email": "maja@example.org",
        "user_first_name": "Maja",
        "user_last_name": "Wiśniewska",
        "event_id": guest.event_id,
        "event_title": "Night Print",
    }
    assert not Ticket.objects.get().is_used


def test_inspect_shows_what_has_no_ticket_too():
    waiting = make_reservation()
    shown = data(Api(waiting.event.organizer).get(f"/reservations/{waiting.pk}/inspect/"))
    assert (shown["status"], shown["checked_in"], shown["checked_in_at"]) == (
        "pending",
        False,
        None,
    )


@pytest.mark.both
@pytest.mark.parametrize("by_code", [False, True])
def test_check_in_lets_in_once_and_keeps_the_first_time(guest, by_code):
    path = f"/reservations/{code_of(guest) if by_code else guest.pk}/check-in/"
    api = Api(guest.event.organizer)
    first, second = data(api.post(path)), data(api.post(path))
    at = first["checked_in_at"]
    assert first == {
        "reservation_id": guest.pk,
        "checked_in": True,
        "detail": "Checked in.",
        "already_checked_in": False,
        "checked_in_at": at,
        "checked_in_by": f"API, {guest.event.organizer}",
    }
    assert second == first | {"already_checked_in": True, "detail": "Already checked in."}
    shown = data(api.get(f"/reservations/{guest.pk}/inspect/"))
    assert (shown["checked_in"], shown["checked_in_at"]) == (True, at)
    guest.event.refresh_from_db()
    assert guest.event.checked_in_count == 1


@pytest.mark.parametrize("status", ["pending", "rejected", "cancelled"])
def test_check_in_refuses_whoever_is_not_confirmed(status):
    reservation = make_reservation(status=status)
    answer = Api(reservation.event.organizer, language="pl").post(
        f"/reservations/{reservation.pk}/check-in/"
    )
    assert refused(answer) == (400, "not_confirmed")
    assert "potwierdzone" in answer.json()["message"]


@pytest.mark.parametrize(("method", "path"), DOOR)
def test_check_in_api_is_for_the_events_door_staff_only(guest, method, path):
    other = make_event()
    strangers = [make_organizer(), make_person(), guest.person, staff_of(other), other.organizer]
    for ref in (guest.pk, code_of(guest)):
        for stranger in strangers:
            answer = getattr(Api(stranger), method)(path.format(ref))
            assert refused(answer) == (403, "forbidden")
            assert "maja@example.org" not in answer.text
        assert refused(getattr(Api(), method)(path.format(ref))) == (401, "not_authenticated")
    assert not Ticket.objects.get().is_used
    for insider in (staff_of(guest.event), guest.event.organizer, make_admin()):
        assert (
            data(getattr(Api(insider), method)(path.format(guest.pk)))["reservation_id"] == guest.pk
        )


@pytest.mark.parametrize(("method", "path"), DOOR)
def test_check_in_api_says_why_a_code_is_refused(guest, method, path):
    api = Api(guest.event.organizer)
    code = code_of(guest)
    altered = code[:60] + ("A" if code[60] != "A" else "B") + code[61:]
    for ref, refusal in [
        (altered, (400, "forged_ticket")),
        ("nonsense", (400, "not_a_ticket")),
        ("%00", (400, "not_a_ticket")),
        ("ż", (400, "not_a_ticket")),
        ("-1", (400, "not_a_ticket")),
        ("1" * 19, (400, "not_a_ticket")),
        ("a%2Fb", (400, "not_a_ticket")),
        (f"RESERVATION:{guest.pk + 1}/{code.partition('/')[2]}", (400, "forged_ticket")),
        ("999999", (404, "not_found")),
        ("1" * 18, (404, "not_found")),
        ("0", (404, "not_found")),
    ]:
        assert refused(getattr(api, method)(path.format(ref))) == refusal
    registration.cancel(guest, by=guest.person)
    assert refused(getattr(api, method)(path.format(code))) == (400, "ticket_void")


def test_check_in_api_refuses_tickets_of_a_cancelled_event(guest):
    code = code_of(guest)
    events.cancel(guest.event, by=guest.event.organizer)
    api = Api(guest.event.organizer)
    assert refused(api.post(f"/reservations/{code}/check-in/")) == (400, "event_cancelled")
    assert refused(api.post(f"/reservations/{guest.pk}/check-in/")) == (400, "event_cancelled")
    for path in INSPECT:
        assert refused(api.get(path.format(code))) == (400, "event_cancelled")
        assert data(api.get(path.format(guest.pk)))["status"] == "rejected"


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_eight_devices_let_one_guest_in_once(guest):
    """Each with a token of its own, by id or by code, all at the same moment."""
    refs, start = (guest.pk, code_of(guest)), threading.Barrier(8)
    doors = [Api(staff_of(guest.event)) for _ in range(8)]

    def scan(number):
        try:
            start.wait()
            return data(doors[number].post(f"/reservations/{refs[number % 2]}/check-in/"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(scan, range(8)))
    assert sorted(answer["already_checked_in"] for answer in answers) == [False] + [True] * 7
    assert len({answer["checked_in_at"] for answer in answers}) == 1
    guest.event.refresh_from_db()
    assert guest.event.checked_in_count == 1


@pytest.mark.parametrize("allowed", [False, True])
def test_tickets_of_an_older_backend_count_where_the_operator_says_so(guest, settings, allowed):
    settings.UNSIGNED_TICKETS = allowed
    api, older = (
        Api(guest.event.organizer),
        quote(f"Reservation:{guest.pk}|Event:Day / Night", safe=""),
    )
    answers = [
        api.get(INSPECT[1].format(older)),
        api.post(f"/reservations/{older}/check-in/", {"nonce": "n-1"}),
    ]
    if not allowed:
        assert [refused(answer) for answer in answers] == [(400, "not_a_ticket")] * 2
        return
    assert [data(answer)["reservation_id"] for answer in answers] == [guest.pk] * 2
    assert refused(Api(make_organizer()).post(f"/reservations/{older}/check-in/")) == (
        403,
        "forbidden",
    )


@pytest.mark.parametrize("allowed", [False, True])
def test_page_reads_tickets_of_an_older_backend_where_the_operator_says_so(
    client, guest, settings, allowed
):
    settings.UNSIGNED_TICKETS = allowed
    event, other = guest.event, make_reservation(status="confirmed")
    older = "Reservation:{}|Event:Night Print"
    found: dict[Reservation, int | str] = {}
    for reservation in (guest, other):
        try:
            found[reservation] = lookup.find(
                event, older.format(reservation.pk), by=event.organizer
            ).reservation_id
        except Refused as refusal:
            found[reservation] = refusal.code
    assert found == {guest: guest.pk if allowed else "not_a_ticket", other: "not_a_ticket"}
