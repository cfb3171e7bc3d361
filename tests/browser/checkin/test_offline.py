"""The check-in page without network: it decides by itself, and no scan is lost or counted twice."""

import os

import pytest
from playwright.sync_api import expect

from events import services as event_services
from tests.browser.checkin.phone import admitted, back, cut, scan, ticket_at, wait_for
from tests.support.check_in import check_in
from tests.support.factories import fill, make_event, make_organizer, make_people
from tickets.checkin import gates
from tickets.models import Scan
from tickets.queue import decisions, invariants, registration
from tickets.ticket import signature

pytestmark = pytest.mark.once(on="postgresql")
# What a phone without network says about each code: the outcome, and parts of the text beside it.
OFFLINE_VERDICTS = {
    "valid": ("admitted", ["Guest valid", "Not yet verified"]),
    "used": ("already_used", ["Entrance B"]),
    "cancelled": ("refused", ["The guest cancelled"]),
    "rejected": ("refused", ["took this spot back"]),
    "reissued": ("refused", ["A newer ticket"]),
    "other": ("admitted", []),
    "foreign": ("refused", ["another event"]),
    "altered": ("refused", ["not issued here"]),
    "nonsense": ("refused", ["not an EventFlow ticket"]),
    "misnamed": ("refused", ["not issued here"]),
    "new": ("unverified", ["not on this phone’s list"]),
}


def codes_of_each_kind(event):
    """Return {kind: code} of a guest of each kind on the list, and of codes that are on no list."""
    tickets = {
        kind: ticket_at(event, f"Guest {kind}")
        for kind in ("valid", "used", "cancelled", "rejected", "reissued", "other")
    }
    codes = {kind: signature.qr_text(ticket) for kind, ticket in tickets.items()}
    codes["other"] = signature.sign(tickets["other"])  # as tickets had it before
    reservations = {kind: ticket.reservation for kind, ticket in tickets.items()}
    check_in(reservations["used"], by=event.organizer, device="Entrance B")
    registration.cancel(reservations["cancelled"], by=reservations["cancelled"].person)
    decisions.reject(reservations["rejected"], by=event.organizer)
    decisions.undo(reservations["reissued"], by=event.organizer)
    decisions.confirm(reservations["reissued"], by=event.organizer)
    head, letter, tail = codes["other"][:40], codes["other"][40], codes["other"][41:]
    return codes | {
        "foreign": signature.sign(ticket_at(make_event())),
        "altered": head + ("A" if letter != "A" else "B") + tail,
        "nonsense": "HTTPS://EXAMPLE.ORG/",
        "misnamed": f"RESERVATION:1{codes['valid'].removeprefix('RESERVATION:')}",
    }


def test_checkin_page_opens_offline_and_decides_by_signature_and_list(phone, event, page_errors):
    codes = codes_of_each_kind(event)
    page = phone(event)
    codes["new"] = signature.sign(ticket_at(event, "Guest Late"))
    cut(page)
    page.reload()
    expect(page.locator("#check-in-status")).to_contain_text("Offline")
    shown = {kind: scan(page, code) for kind, code in codes.items()}
    outcomes = {kind: outcome for kind, (outcome, _text) in shown.items()}
    assert outcomes == {kind: outcome for kind, (outcome, _parts) in OFFLINE_VERDICTS.items()}
    expected = [(kind, part) for kind, (_, parts) in OFFLINE_VERDICTS.items() for part in parts]
    assert [(kind, part) for kind, part in expected if part not in shown[kind][1]] == []
    assert scan(page, codes["valid"])[0] == "already_used", "once on each device"
    assert admitted(event) == 1
    back(page)
    wait_for(lambda: admitted(event) == 3)
    assert not Scan.objects.conflicts().exists()


def wait_for_scans(count: int) -> None:
    wait_for(lambda: Scan.objects.count() == count)


def test_scans_survive_a_killed_tab(phone, event):
    organizer = make_organizer()
    event_services.add_door_staff(event, email=organizer.email, by=event.organizer)
    fill(event, make_people(50), "confirmed")
    codes = [signature.sign(ticket) for ticket in event.tickets.all()]
    page = phone(event)
    cut(page)
    assert [scan(page, code)[0] for code in codes] == ["admitted"] * 50
    context = page.context
    page.goto("about:blank")
    page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    expect(page.locator("#check-in-status")).to_contain_text("Waiting to be sent: 50")
    back(page)
    wait_for(lambda: admitted(event) == 50)
    expect(page.locator("#check-in-status")).to_be_hidden()
    assert (
        Scan.objects.filter(let_in=True, outcome="admitted").count() == Scan.objects.count() == 50
    )
    assert list(invariants.violations()) == []


# The orders in which two phones can scan a ticket and send: each first scans, then sends.
ORDERS = ("1122", "1212", "1221", "2211", "2121", "2112")


def test_offline_phones_with_one_ticket_give_one_admission_and_one_conflict(phone, event):
    tickets = {order: ticket_at(event, f"Guest {order}") for order in ORDERS}
    phones = {
        number: phone(event, gates.add_gate(event, name=f"Gate {number}", by=event.organizer))
        for number in "12"
    }
    for order, ticket in tickets.items():
        scan_and_send(phones, order, signature.sign(ticket))
        [conflict] = Scan.objects.conflicts().filter(ticket=ticket)
        first = ticket.scans.get(outcome="admitted")
        assert {conflict.device, first.device} == {"Gate 1, Kuba", "Gate 2, Kuba"}, order
    assert admitted(event) == len(ORDERS)


def scan_and_send(phones, order, code):
    """Let both phones lose the network, and then scan the code and send in this order."""
    for page in phones.values():
        cut(page)
    done = set()
    for number in order:
        if number in done:
            sent = Scan.objects.count()
            back(phones[number])
            wait_for_scans(sent + 1)
        else:
            done.add(number)
            assert scan(phones[number], code)[0] == "admitted", order


QUEUED = """async ([event, codes]) => {
  const asked = indexedDB.open(`door-${event}`);
  const database = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  const changes = database.transaction("readings", "readwrite", {durability: "strict"});
  const at = new Date().toISOString();
  for (const code of codes) {
    const nonce = crypto.randomUUID();
    changes.objectStore("readings").put({nonce, code, at, let_in: true, open: false});
  }
  await new Promise((done) => { changes.oncomplete = done; });
  database.close();
}"""
# Two hundred take four batches; LONG=1 sends a thousand, which takes half a minute.
MANY = 1000 if os.environ.get("LONG") else 200


def test_scans_are_sent_after_a_restart_and_a_second_kill(phone):
    event = make_event(seats_limit=MANY)
    fill(event, make_people(MANY), "confirmed")
    codes = [signature.sign(ticket) for ticket in event.tickets.all()]
    page = phone(event)
    cut(page)
    page.evaluate(QUEUED, [event.pk, codes])
    context = page.context
    page.close(run_before_unload=False)
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    wait_for(lambda: admitted(event) > 0)
    page.close(run_before_unload=False)
    assert admitted(event) < MANY, "killed while it was sending"
    page = context.new_page()
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    wait_for(lambda: admitted(event) == MANY, seconds=120)
    assert (
        Scan.objects.filter(let_in=True, outcome="admitted").count() == Scan.objects.count() == MANY
    )
    assert list(invariants.violations()) == []


def test_unverified_code_is_left_to_the_door_staff(phone, event):
    page = phone(event)
    ticket = ticket_at(event)
    cut(page)
    assert scan(page, signature.sign(ticket))[0] == "unverified"
    page.get_by_role("button", name="Let in").click()
    expect(page.locator("#result .result")).to_have_attribute("data-result", "admitted")
    back(page)
    wait_for(lambda: admitted(event) == 1)


def test_check_in_can_be_undone_offline(phone, event):
    ticket = ticket_at(event)
    page = phone(event)
    cut(page)
    assert scan(page, signature.sign(ticket))[0] == "admitted"
    page.locator("#result").get_by_role("button", name="Undo").click()
    expect(page.locator("#result .result")).to_contain_text("Taken back")
    assert scan(page, signature.sign(ticket))[0] == "admitted"
    back(page)
    wait_for(lambda: admitted(event) == 1)
