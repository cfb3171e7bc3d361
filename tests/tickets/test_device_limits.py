"""What a phone at a door may not do: after it was sent away, in another's name, or more often than a person scans."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import access
from events import services as event_services
from events.models import DoorStaff, Event
from tests.eventflow.api.clients import Api, data, refused
from tests.support.check_in_devices import (
    backdate_devices,
    path_of,
    reading,
    register_device,
    results_of,
    send_readings,
)
from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tickets.checkin import devices, gates, scans
from tickets.models import Device, Scan
from tickets.queue import invariants
from tickets.ticket import signature

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def ticket(event):
    return make_reservation(event, make_person("Łucja Żółć"), status="confirmed").tickets.get()


@pytest.fixture
def other(event):
    return make_reservation(event, make_person("Jan Inny"), status="confirmed").tickets.get()


@pytest.fixture
def gate(event):
    return gates.add_gate(event, name="Entrance A", by=event.organizer)


@pytest.fixture
def helper(event):
    person = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=person.email, by=event.organizer)
    return person


def phone_of(client, event, person):
    client.force_login(person)
    return client.post(reverse("tickets:device", args=[event.pk])).json()["key"]


def inside(event):
    assert list(invariants.violations()) == []
    return Event.objects.get(pk=event.pk).checked_in_count


def said(answer):
    """What became of the one reading, and whether a name was told."""
    [one] = answer.json()["answers"]
    return one["outcome"], one.get("reason", ""), "guest" in one


def guests(key, event):
    return Client().get(reverse("tickets:guest_list", args=[event.pk]), headers={"X-Door-Key": key})


# --- After its end ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["gate revoked", "phone ended", "helper removed"])
def gone(request, client, event, gate, helper, ticket, other):
    """The key of a phone that scanned one ticket, said that nothing waits on it, and was then sent away."""
    key = (
        phone_of(client, event, helper)
        if request.param == "helper removed"
        else register_device(client, gate)
    )
    Device.objects.update(started=timezone.now() - timedelta(hours=1))
    assert said(send_readings(key, event, reading(other, "mine"))) == ("admitted", "", True)
    if request.param == "gate revoked":
        gates.revoke_gate(gate, by=event.organizer)
    elif request.param == "phone ended":
        devices.end(Device.objects.get(), by=event.organizer)
    else:
        event_services.remove_door_staff(DoorStaff.objects.get(), by=event.organizer)
    return key


@pytest.mark.parametrize(
    "ago", [timedelta(0), timedelta(seconds=10), timedelta(minutes=30), 21 * DAY], ids=str
)
def test_revoked_phone_admits_nobody_at_any_claimed_time(gone, event, ticket, ago):
    result, reason, named = said(send_readings(gone, event, reading(ticket, "late", ago=ago)))
    assert (result, named) == ("refused", False)
    assert reason == "no_longer_allowed"
    assert inside(event) == 1


def test_revoked_phone_admits_nobody_by_claiming_the_year_one(gone, event, ticket, other):
    for code, nonce in ((ticket, "n-1"), (other, "n-2")):
        claimed = reading(code, nonce) | {"at": "0001-01-01T00:00:00Z"}
        result, _reason, named = said(send_readings(gone, event, claimed))
        assert (result, named) == ("refused", False)
    assert inside(event) == 1


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=10), 2 * DAY], ids=str)
def test_revoked_phone_gets_no_name_of_a_used_ticket(gone, event, other, ago):
    assert said(send_readings(gone, event, reading(other, "late", ago=ago, let_in=False))) == (
        "refused",
        "no_longer_allowed",
        False,
    )


def test_revoked_phone_undoes_nothing(gone, event):
    answer = send_readings(gone, event, {"nonce": "mine", "undo": True})
    assert said(answer) == ("refused", "no_longer_allowed", False)
    assert (inside(event), answer.json()["allowed"]) == (1, False)


def test_revoked_phone_cannot_claim_waiting_scans_afterwards(gone, event, ticket):
    """It says only now that scans wait on it: when it was last heard of, none did."""
    send_readings(gone, event, waiting=1000)
    assert said(send_readings(gone, event, reading(ticket, "late", ago=MINUTE))) == (
        "refused",
        "no_longer_allowed",
        False,
    )
    assert inside(event) == 1


def test_waiting_scans_of_a_revoked_phone_count_for_a_day_and_name_nobody(
    client, gate, event, ticket, other
):
    key = register_device(client, gate)
    backdate_devices(event)
    send_readings(key, event, waiting=2)
    gates.revoke_gate(gate, by=event.organizer)
    assert said(send_readings(key, event, reading(ticket, "n-1", ago=5 * MINUTE), waiting=1)) == (
        "admitted",
        "",
        False,
    )
    assert said(send_readings(key, event, reading(other, "n-2", ago=4 * MINUTE))) == (
        "admitted",
        "",
        False,
    )
    assert inside(event) == 2
    third = make_reservation(event, status="confirmed").tickets.get()
    assert said(send_readings(key, event, reading(third, "n-3", ago=3 * MINUTE))) == (
        "refused",
        "no_longer_allowed",
        False,
    )


def test_offline_scans_between_the_last_contact_and_the_revocation_count(
    client, gate, event, ticket
):
    key = register_device(client, gate)
    backdate_devices(event)
    Device.objects.update(seen_at=timezone.now() - 20 * MINUTE)
    gates.revoke_gate(gate, by=event.organizer)
    assert said(send_readings(key, event, reading(ticket, ago=10 * MINUTE))) == (
        "admitted",
        "",
        False,
    )


@pytest.mark.parametrize("what", ["gate", "helper"])
def test_device_key_expires_a_day_after_its_revocation(client, gate, helper, event, ticket, what):
    key = register_device(client, gate) if what == "gate" else phone_of(client, event, helper)
    backdate_devices(event, ago=3 * DAY)
    if what == "gate":
        type(gate).objects.update(revoked_at=timezone.now() - DAY - MINUTE)
    else:
        Device.objects.update(ended_at=timezone.now() - DAY - MINUTE)
    assert send_readings(key, event, reading(ticket, ago=DAY - MINUTE)).status_code == 401
    assert inside(event) == 0


@pytest.mark.parametrize("what", ["gate", "organizer"])
def test_device_key_expires_a_day_after_the_event(client, gate, event, what):
    key = (
        register_device(client, gate)
        if what == "gate"
        else phone_of(client, event, event.organizer)
    )
    over = timezone.now() - DAY
    Event.objects.update(start_time=over - timedelta(hours=3), end_time=over + MINUTE)
    assert send_readings(key, event).json()["allowed"] is (what == "organizer")
    Event.objects.update(end_time=over - MINUTE)
    assert (send_readings(key, event).status_code, guests(key, event).status_code) == (401, 401)
    answer = client.post(reverse("tickets:device", args=[event.pk]))
    assert answer.status_code == (404 if what == "gate" else 403)


def test_scan_from_before_the_phone_was_registered_is_refused(client, gate, event, other):
    key = register_device(client, gate)
    send_readings(key, event, reading(other, "n-1"))
    assert said(send_readings(key, event, reading(other, "n-2", ago=DAY / 2, let_in=False))) == (
        "refused",
        "impossible_time",
        False,
    )


def test_waiting_scans_are_sent_after_the_person_logs_in_again(client, event, helper, ticket):
    phone_of(client, event, helper)
    backdate_devices(event)
    client.logout()
    key = phone_of(client, event, helper)
    assert Device.objects.count() == 2
    assert said(send_readings(key, event, reading(ticket, ago=10 * MINUTE))) == (
        "admitted",
        "",
        True,
    )


# --- In another's name ------------------------------------------------------------------------------------------------


def test_nonce_of_another_phone_gives_no_answer_and_no_conflict(client, gate, event, ticket, other):
    mine, theirs = register_device(client, gate), register_device(Client(), gate, "Ewa")
    send_readings(theirs, event, reading(ticket, "n-1", let_in=False))
    for code in (ticket, other):
        assert said(send_readings(mine, event, reading(code, "n-1"))) == (
            "refused",
            "nonce_taken",
            False,
        )
    assert not Scan.objects.conflicts().exists()
    assert inside(event) == 1


def test_gate_phone_undoes_no_check_in_of_another_device(client, gate, event, ticket):
    data(Api(event.organizer).post(f"/reservations/{ticket.reservation_id}/check-in/"))
    register_device(client, gate)
    answer = client.post(
        reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"}
    )
    assert (answer.status_code, inside(event)) == (409, 1)
    search = client.get(reverse("tickets:door_search", args=[event.pk]), {"q": "Łucja"}).text
    assert "Łucja" in search and "Undo" not in search


def test_gate_phone_undoes_its_own_check_in(client, gate, event, ticket):
    register_device(client, gate)
    client.post(reverse("tickets:admit", args=[ticket.reservation_id]))
    assert inside(event) == 1
    client.post(reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"})
    assert inside(event) == 0


def test_scanner_with_the_name_of_a_phone_gets_no_right_of_it(client, gate, helper, event, ticket):
    """A scanner of the API calls itself like a phone: neither of them may undo what the other did."""
    register_device(client, gate)
    name = Device.objects.get().name
    path = f"/reservations/{ticket.reservation_id}/check-in/"
    told = data(Api(helper).post(path, {"device": name, "nonce": "n-1"}))
    assert told["checked_in_by"] == f"{name} (API), {helper}"
    assert (
        client.post(
            reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"}
        ).status_code
        == 409
    )
    data(Api(event.organizer).post(f"{path}undo/"))
    client.post(reverse("tickets:admit", args=[ticket.reservation_id]))
    assert refused(Api(helper).post(f"{path}undo/")) == (403, "other_device")
    assert inside(event) == 1


def test_undo_over_the_api_is_for_the_same_device_and_the_organizer(event, helper, ticket):
    path = f"/reservations/{ticket.reservation_id}/check-in/"
    staff, organizer = Api(helper), Api(event.organizer)
    assert refused(staff.post(f"{path}undo/")) == (400, "not_checked_in")
    for caller in (staff, organizer):
        data(staff.post(path))
        undone = data(caller.post(f"{path}undo/"))
        assert undone == {
            "reservation_id": ticket.reservation_id,
            "checked_in": False,
            "checked_in_at": None,
        }
        assert inside(event) == 0
    data(organizer.post(f"/reservations/{signature.sign(ticket)}/check-in/"))
    assert refused(staff.post(f"{path}undo/")) == (403, "other_device")
    assert refused(Api(ticket.reservation.person).post(f"{path}undo/")) == (403, "forbidden")
    assert inside(event) == 1


def test_gate_phone_gets_no_codes_in_the_search(client, gate, event, ticket):
    search = reverse("tickets:door_search", args=[event.pk])
    register_device(client, gate)
    assert ticket.code not in client.get(search, {"q": "Łucja"}).text
    for typed in (ticket.code[:2], ticket.code[:8]):
        assert "Łucja" not in client.get(search, {"q": typed}).text, (
            "letter by letter it would learn them all"
        )
    assert "Łucja" in client.get(search, {"q": ticket.code}).text
    client.force_login(event.organizer)
    assert ticket.code in client.get(search, {"q": "Łucja"}).text


# --- Too much ---------------------------------------------------------------------------------------------------------


def test_foreign_codes_store_no_scan(client, gate, event):
    key = register_device(client, gate)
    for _ in range(3):
        nonsense = [
            {"nonce": f"n-{number}", "code": "A" * 138, "let_in": True} for number in range(100)
        ]
        assert set(results_of(send_readings(key, event, *nonsense))) == {"refused"}
    assert not Scan.objects.exists()


def test_open_conflicts_of_a_phone_have_a_limit(client, gate, event, ticket, monkeypatch):
    assert scans.MOST_OPEN_CONFLICTS == 500
    monkeypatch.setattr(scans, "MOST_OPEN_CONFLICTS", 3)
    key, neighbour = register_device(client, gate), register_device(Client(), gate, "Ewa")
    send_readings(neighbour, event, reading(ticket, "first"))
    answers = send_readings(
        key, event, *(reading(ticket, f"n-{number}") for number in range(5))
    ).json()["answers"]
    assert [(one["outcome"], one["kept"]) for one in answers] == [("already_used", True)] * 3 + [
        ("refused", False)
    ] * 2
    assert answers[-1]["reason"] == "too_many_conflicts"
    assert Scan.objects.conflicts().count() == 3
    assert said(send_readings(neighbour, event, reading(ticket, "second")))[0] == "already_used", (
        "each phone has its own"
    )
    valid = make_reservation(event, status="confirmed").tickets.get()
    assert said(send_readings(key, event, reading(valid, "n-9"))) == ("admitted", "", True), (
        "a good ticket is let in all the same"
    )


def test_refused_scan_that_is_sent_again_is_one_conflict(client, gate, event, ticket):
    key = register_device(client, gate)
    event_services.cancel(event, by=event.organizer)
    assert [results_of(send_readings(key, event, reading(ticket))) for _ in range(3)] == [
        ["refused"]
    ] * 3
    assert Scan.objects.conflicts().count() == 1


def test_requests_of_a_phone_have_a_limit_a_minute(client, gate, event, monkeypatch):
    monkeypatch.setattr("tickets.views.checkin.phone.MOST_REQUESTS", 5)
    key, neighbour = register_device(client, gate), register_device(Client(), gate, "Ewa")
    answers = [send_readings(key, event) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {200, 429}
    limited = answers[-1]
    assert (limited.json()["code"], limited["Retry-After"]) == ("too_many_attempts", "60")
    assert send_readings(neighbour, event).status_code == 200


def test_phones_of_a_gate_link_have_a_limit_a_minute(gate):
    answers = [Client().post(path_of(gate), {"called": "Eve"}).status_code for _ in range(60)]
    assert set(answers) == {302, 429}
    assert Device.objects.count() <= 40, "twenty, or twice as many where a minute began meanwhile"


# --- What makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        '{"readings": [], "waiting": 1e999}',
        '{"readings": [], "waiting": "many"}',
        '{"readings": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        json.dumps({"readings": [{"nonce": "\ud800", "code": "x"}]}),
        json.dumps({"readings": [{"nonce": "a\x00b", "code": "x"}]}),
        json.dumps({"readings": [{"nonce": ["n"] * 99, "code": "x"}]}),
    ],
    ids=["endless", "words", "deep lists", "deep objects", "half a character", "null", "no text"],
)
def test_malformed_request_of_a_phone_is_refused(client, gate, event, body):
    key = register_device(client, gate)
    address = reverse("tickets:readings", args=[event.pk])
    answer = Client().post(
        address, body, content_type="application/json", headers={"X-Door-Key": key}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_reading")


def test_code_with_half_a_character_is_no_ticket(client, gate, event):
    key = register_device(client, gate)
    assert said(send_readings(key, event, {"nonce": "n-1", "code": "\ud800", "let_in": True})) == (
        "refused",
        "not_a_ticket",
        False,
    )


SINCE = [
    "2026-13-45T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2026-11-30T00:00:00",
    "yesterday",
]


@pytest.mark.parametrize("since", SINCE)
def test_offline_list_since_an_impossible_time_is_refused(client, gate, event, since):
    key = register_device(client, gate)
    answer = Client().get(
        reverse("tickets:guest_list", args=[event.pk]),
        {"since": since},
        headers={"X-Door-Key": key},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_time")


# --- Keys of people ---------------------------------------------------------------------------------------------------


def test_device_key_ends_with_a_change_of_password(client, event, ticket):
    key = phone_of(client, event, event.organizer)
    assert (send_readings(key, event).json()["allowed"], guests(key, event).status_code) == (
        True,
        200,
    )
    access.change_password(event.organizer, "another long password")
    assert (
        send_readings(key, event, reading(ticket)).status_code,
        guests(key, event).status_code,
    ) == (401, 401)
    assert (inside(event), Device.objects.get().has_ended) == (0, True)
    again = phone_of(Client(), event, event.organizer)
    assert send_readings(again, event).json()["allowed"] is True


def test_device_key_ends_with_the_log_out(client, event):
    key = phone_of(client, event, event.organizer)
    elsewhere = phone_of(Client(), event, event.organizer)
    client.post(reverse("account_logout"))
    assert (send_readings(key, event).status_code, guests(key, event).status_code) == (401, 401)
    assert send_readings(elsewhere, event).json()["allowed"] is True, (
        "another phone of the same person"
    )


def test_device_key_outlives_the_log_out_for_waiting_scans(client, event, ticket):
    key = phone_of(client, event, event.organizer)
    backdate_devices(event)
    send_readings(key, event, waiting=1)
    client.post(reverse("account_logout"))
    assert guests(key, event).status_code == 403
    answer = send_readings(key, event, reading(ticket, ago=MINUTE), leaving=True)
    assert (said(answer), answer.json()["allowed"]) == (("admitted", "", False), False)
    assert inside(event) == 1
    assert send_readings(key, event).status_code == 401, "nothing waits any more"


def test_device_key_ends_when_the_phone_says_that_it_leaves(client, event, gate):
    key = register_device(client, gate)
    assert send_readings(key, event, leaving=True).json()["allowed"] is False
    assert send_readings(key, event).status_code == 401


def test_phone_with_the_same_name_at_another_event_gets_no_rights(
    client, gate, helper, event, ticket
):
    """The helper's own event has a gate and a phone that are called the same."""
    phone = Client()
    register_device(phone, gate, "Ann")
    phone.post(reverse("tickets:admit", args=[ticket.reservation_id]))
    elsewhere = make_event(organizer=make_organizer())
    client.force_login(helper)
    register_device(
        client, gates.add_gate(elsewhere, name=gate.name, by=elsewhere.organizer), "Ann"
    )
    assert len({*Device.objects.values_list("name", flat=True)}) == 1
    answer = client.post(
        reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"}
    )
    assert (answer.status_code, inside(event)) == (409, 1)


def test_pages_of_a_gate_phone_are_not_cached(client, gate, event, ticket):
    key = register_device(client, gate)
    shown = {
        "page": client.get(reverse("tickets:check_in", args=[event.pk])),
        "search": client.get(reverse("tickets:door_search", args=[event.pk]), {"q": "Łucja"}),
        "code": client.post(
            reverse("tickets:check_in", args=[event.pk]), {"code": signature.sign(ticket)}
        ),
        "key": client.post(reverse("tickets:device", args=[event.pk])),
        "link": Client().get(path_of(gate)),
        "readings": send_readings(key, event, reading(ticket)),
        "refused": send_readings("wrong", event, reading(ticket)),
    }
    private = {
        name: {*answer.headers.get("Cache-Control", "").split(", ")} >= {"private", "no-store"}
        for name, answer in shown.items()
    }
    assert private == dict.fromkeys(shown, True)


def test_event_page_without_a_session_may_be_cached(client, event):
    assert "Cache-Control" not in client.get(event.get_absolute_url())
