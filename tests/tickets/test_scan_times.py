"""The time of a scan: which one counts, and that a stored one never breaks a page."""

import importlib
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from eventflow.core.errors import Refused
from tests.eventflow.api.clients import Api, refused
from tests.support.check_in import scan
from tests.support.check_in_devices import (
    backdate_devices,
    reading,
    register_device,
    results_of,
    send_readings,
)
from tests.support.factories import make_event, make_person, make_reservation
from tickets.checkin import gates, scan_times
from tickets.models import Scan, Ticket

pytestmark = [pytest.mark.both, pytest.mark.django_db]
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def event():
    """West of Greenwich, where the first hours of the year 1 do not exist."""
    return make_event(time_zone="America/New_York")


@pytest.fixture
def ticket(event):
    return make_reservation(event, make_person("Łucja Żółć"), status="confirmed").tickets.get()


def store_impossible_time(ticket):
    """What the readings endpoint once wrote: an admission in the year 1."""
    stored = scan(ticket.event, ticket.code, nonce="n-1", by=ticket.event.organizer).scan
    assert stored
    Scan.objects.filter(pk=stored.pk).update(at=YEAR_ONE, let_in=True)
    Ticket.objects.filter(pk=ticket.pk).update(checked_in_at=YEAR_ONE)
    used = Scan.objects.create(
        event=ticket.event, ticket=ticket, nonce="n-2", at=YEAR_ONE, let_in=True, outcome="used"
    )
    return [stored, used]


# --- Times that are stored already ----------------------------------------------------------------


def assert_that_pages_work(client, event, ticket):
    """What shows a scan, to the organizer and to the guest."""
    client.force_login(event.organizer)
    pages = {
        "live": reverse("events:live", args=[event.pk]),
        "xlsx": reverse("tickets:export_xlsx", args=[event.pk]),
        "csv": reverse("tickets:export_csv", args=[event.pk]),
        "door search": reverse("tickets:door_search", args=[event.pk]) + "?q=Łucja",
        "conflicts": reverse("tickets:conflicts", args=[event.pk]),
    }
    answers = {name: client.get(address) for name, address in pages.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        pages, 200
    )
    lines = b"".join(answers["csv"].streaming_content).decode().splitlines()
    assert [line for line in lines if "Łucja" in line], "the file is whole"
    client.force_login(ticket.reservation.person)
    assert client.get(reverse("tickets:ticket", args=[ticket.reservation_id])).status_code == 200


def test_pages_survive_a_stored_time_of_year_one(client, event, ticket):
    store_impossible_time(ticket)
    assert_that_pages_work(client, event, ticket)


def test_migration_corrects_impossible_times(event, ticket):
    impossible = store_impossible_time(ticket)
    other = make_reservation(event, status="confirmed").tickets.get()
    good = scan(event, other.code, nonce="n-3", by=event.organizer).scan
    assert good
    lone = make_reservation(event, status="confirmed").tickets.get()
    Ticket.objects.filter(pk=lone.pk).update(checked_in_at=YEAR_ONE)
    importlib.import_module("tickets.migrations.0010_times_within_the_calendar").mend_times(
        apps, None
    )
    for stored in impossible:
        stored.refresh_from_db()
        assert stored.at == stored.received
    ticket.refresh_from_db()
    assert ticket.checked_in_at == impossible[0].received, (
        "as its scan, so that it can be taken back"
    )
    lone.refresh_from_db()
    assert lone.checked_in_at == lone.issued_at
    at = good.at
    good.refresh_from_db()
    assert (good.at, Ticket.objects.get(pk=other.pk).checked_in_at) == (at, at), (
        "a time that can be right stays"
    )


# --- Times that a device sends --------------------------------------------------------------------

IMPOSSIBLE = {
    "year 1": "0001-01-01T00:00:00Z",
    "year 1, ahead of Greenwich": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "no such month": "2026-13-45T99:99:99Z",
    "no zone": "2026-11-30T10:00:00",
    "no time": "yesterday",
}


@pytest.fixture
def phone(client, event):
    """The key of a phone that came by a gate's link an hour ago."""
    key = register_device(client, gates.add_gate(event, name="Entrance A", by=event.organizer))
    backdate_devices(event)
    return key


@pytest.mark.parametrize("at", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.parametrize("let_in", [True, False])
def test_scan_with_an_impossible_time_is_refused_and_the_others_count(
    phone, event, ticket, at, let_in, caplog
):
    caplog.set_level("INFO")
    other = make_reservation(event, status="confirmed").tickets.get()
    answer = send_readings(
        phone, event, reading(ticket, "n-1", let_in=let_in) | {"at": at}, reading(other, "n-2")
    )
    assert results_of(answer) == ["refused", "admitted"]
    first = answer.json()["answers"][0]
    assert (first["reason"], first["kept"]) == ("impossible_time", let_in)
    assert "clock" in first["message"] and "guest" not in first
    assert "scan refused: impossible_time" in caplog.text
    ticket.refresh_from_db()
    assert not ticket.is_used
    kept = Scan.objects.filter(nonce="n-1")
    assert [(scan.reason, abs(scan.at - scan.received) <= timedelta(days=12)) for scan in kept] == [
        ("impossible_time", True)
    ] * let_in


def test_pages_work_after_scans_of_the_year_one(client, phone, event, ticket):
    """After such scans by a phone and over the API the ticket still admits its guest."""
    send_readings(
        phone,
        event,
        {"nonce": "n1", "code": ticket.code, "at": IMPOSSIBLE["year 1"], "let_in": True},
    )
    said = {"nonce": "q3", "scanned_at": IMPOSSIBLE["year 1"]}
    path = f"/reservations/{ticket.reservation_id}/check-in/"
    assert refused(Api(event.organizer).post(path, said)) == (400, "impossible_time")
    assert_that_pages_work(client, event, ticket)
    assert results_of(send_readings(phone, event, reading(ticket, "n2"))) == ["admitted"]
    assert_that_pages_work(client, event, ticket)


@pytest.mark.parametrize("at", [IMPOSSIBLE["year 1"], "2200-01-01T00:00:00Z"])
def test_api_refuses_an_impossible_time(event, ticket, at):
    api = Api(event.organizer)
    said = {"nonce": "q3", "scanned_at": at, "let_in": True}
    assert refused(api.post(f"/reservations/{ticket.reservation_id}/check-in/", said)) == (
        400,
        "impossible_time",
    )
    ticket.refresh_from_db()
    assert not ticket.is_used
    assert Scan.objects.get().reason == "impossible_time"


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-45T99:99:99Z"]
)
def test_api_refuses_a_time_that_no_calendar_has(event, ticket, at):
    said = {"nonce": "q3", "scanned_at": at}
    answer = Api(event.organizer).post(f"/reservations/{ticket.reservation_id}/check-in/", said)
    assert refused(answer)[0] == 400
    assert not Scan.objects.exists()


def test_bounds_of_a_time(event):
    """From a day before the event, or before now if that is earlier, to five minutes from now.

    A device has no scan from before its registration.
    """
    now = timezone.now()
    far, near = event, make_event(start_time=now + timedelta(hours=3))
    hour, minute = timedelta(hours=1), timedelta(minutes=1)

    def outcome(which, at, **facts):
        try:
            return scan_times.accept(which, at, **facts) <= timezone.now()
        except Refused as refusal:
            return refusal.code

    assert outcome(near, near.start_time - 24 * hour + minute)
    assert outcome(near, near.start_time - 24 * hour - minute) == "impossible_time"
    assert outcome(far, now - 24 * hour + minute)
    assert outcome(far, now - 24 * hour - minute) == "impossible_time"
    assert outcome(near, now + 4 * minute)
    assert outcome(near, now + 6 * minute) == "impossible_time"
    assert outcome(near, now - hour, since=now - 2 * hour)
    assert outcome(near, now - hour, since=now - minute) == "impossible_time"
