"""The check-in page without network: it decides by itself, and no scan is lost or counted twice."""

import json
import os
import time

import pytest
from playwright.sync_api import expect

from events import services as event_services
from tests.browser.conftest import PHONE, until
from tests.support.check_in import check_in
from tests.support.factories import (
    fill,
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tickets.checkin import gates
from tickets.models import Scan
from tickets.queue import decisions, invariants, registration
from tickets.ticket import links, signature

pytestmark = pytest.mark.once(on="postgresql")
# A scanner on the USB port: the keys come fast, and Enter ends them.
TYPE = """async (text) => {
  document.activeElement.blur();
  const press = (key) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  [...text].forEach(press);
  press("Enter");
}"""
STORED = """async () => {
  const resultOf = (request) => new Promise((done) => {
    request.onsuccess = () => done(request.result);
  });
  const found = [];
  for (const {name} of await indexedDB.databases()) {
    const database = await resultOf(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const rows = database.transaction(store).objectStore(store).getAll();
      found.push(JSON.stringify(await resultOf(rows)));
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (!request.url.includes("/static/")) found.push(await (await cache.match(request)).text());
    }
  }
  return [...found, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join("\\n");
}"""


@pytest.fixture
def event():
    return make_event(seats_limit=100)


def ticket_at(event, name="Łucja Żółć"):
    event.refresh_from_db()
    return make_reservation(event, make_person(name), status="confirmed").tickets.get()


@pytest.fixture
def phone(open_window, log_in, page_errors):
    """Opens the check-in page on a phone with a connection.

    `phone(event)` is the organizer's, `phone(event, gate)` came by the link of the gate.
    """
    page_errors.expected += [
        "ERR_INTERNET_DISCONNECTED",
        "[object Event]",
        "Failed to load resource",
        "WebSocket connection",
    ]

    def at(event, gate=None, person=None):
        page = open_window(**PHONE)
        if gate:
            page.goto(links.gate_url(gate).partition("//")[2].partition("/")[2].join(["/", ""]))
            page.get_by_label("Your name").fill("Kuba")
            page.get_by_role("button", name="Start").click()
        else:
            log_in(page, person or event.organizer)
            page.goto(f"/organizer/events/{event.pk}/check-in/")
        prepared(page, event)
        return page

    return at


GUESTS = """async (event) => {
  const asked = indexedDB.open(`door-${event}`);
  const database = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  const all = database.transaction("guests").objectStore("guests").count();
  const found = await new Promise((done) => { all.onsuccess = () => done(all.result); });
  database.close();
  return found;
}"""


def prepared(page, event):
    """Wait until the phone has its offline list and its copy of the page."""
    until(
        page,
        f"""async () => (await navigator.serviceWorker.ready).active?.state === "activated"
        && Boolean(await (await caches.open("door-{event.pk}")).match(location.pathname))""",
    )
    count = event.tickets.count()
    until(page, f"async ([event, count]) => await ({GUESTS})(event) >= count", [event.pk, count])


def scan(page, text):
    """Scan this code. Returns the kind of the result that the phone shows, and its text."""
    page.evaluate("document.getElementById('result').replaceChildren()")
    page.evaluate(TYPE, text)
    section = page.locator("#result .result")
    expect(section).to_be_visible()
    return section.get_attribute("data-result"), section.inner_text()


def cut(page):
    page.context.set_offline(True)
    expect(page.locator("#door-state")).to_contain_text("Offline")


def back(page):
    page.context.set_offline(False)


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def admitted(event):
    event.refresh_from_db()
    return event.checked_in_count


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
    expect(page.locator("#door-state")).to_contain_text("Offline")
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


def test_scans_survive_a_killed_tab(phone, event):
    organizer = make_organizer()
    event_services.add_door_staff(event, email=organizer.email, by=event.organizer)
    for person in make_people(50):
        event.refresh_from_db()
        make_reservation(event, person, status="confirmed")
    codes = [signature.sign(ticket) for ticket in event.tickets.select_related("reservation")]
    page = phone(event)
    cut(page)
    assert [scan(page, code)[0] for code in codes] == ["admitted"] * 50
    context = page.context
    page.goto("about:blank")
    page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    expect(page.locator("#door-state")).to_contain_text("Waiting to be sent: 50")
    back(page)
    wait_for(lambda: admitted(event) == 50)
    expect(page.locator("#door-state")).to_be_hidden()
    assert (
        Scan.objects.filter(let_in=True, outcome="admitted").count() == Scan.objects.count() == 50
    )
    assert list(invariants.violations()) == []


@pytest.mark.parametrize("order", ["1122", "1212", "1221", "2211", "2121", "2112"])
def test_offline_phones_with_one_ticket_give_one_admission_and_one_conflict(phone, event, order):
    """In each of the six orders in which two phones can scan and send."""
    text = signature.sign(ticket_at(event))
    phones = {
        number: phone(event, gates.add_gate(event, name=f"Gate {number}", by=event.organizer))
        for number in "12"
    }
    for page in phones.values():
        cut(page)
    done = set()
    for number in order:
        if number in done:
            sent = Scan.objects.count()
            back(phones[number])
            wait_for(lambda before=sent: Scan.objects.count() == before + 1)
        else:
            done.add(number)
            assert scan(phones[number], text)[0] == "admitted"
    [conflict] = Scan.objects.conflicts()
    first = Scan.objects.get(outcome="admitted")
    assert {conflict.device, first.device} == {"Gate 1, Kuba", "Gate 2, Kuba"}
    assert admitted(event) == 1


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


def test_stored_data_on_the_phone_names_no_guest(phone, event):
    guests = [ticket_at(event, name) for name in ("Łucja Żółć", "Bartłomiej Kwiatkowski")]
    page = phone(event)
    assert scan(page, signature.sign(guests[0]))[0] == "admitted"
    cut(page)
    assert scan(page, signature.sign(guests[1]))[0] == "admitted"
    kept = page.evaluate(STORED)
    people = [*(ticket.reservation.person for ticket in guests), event.organizer]
    private = [
        part for person in people for part in (person.first_name, person.last_name, person.email)
    ]
    escaped = [json.dumps(part).strip('"') for part in private]
    assert "readings" in kept or len(kept) > 1000, "there is something to search"
    assert [part for part in {*private, *escaped} if part.lower() in kept.lower()] == []


def test_ended_session_loses_no_scan(phone, event):
    ticket = ticket_at(event)
    page = phone(event)
    cut(page)
    assert scan(page, signature.sign(ticket))[0] == "admitted"
    page.context.clear_cookies()
    back(page)
    wait_for(lambda: admitted(event) == 1)


def test_revoked_phone_says_so_and_sends_its_scans(phone, event):
    ticket = ticket_at(event)
    gate = gates.add_gate(event, name="Entrance A", by=event.organizer)
    page = phone(event, gate)
    cut(page)
    assert scan(page, signature.sign(ticket))[0] == "admitted"
    gates.revoke_gate(gate, by=event.organizer)
    back(page)
    wait_for(lambda: admitted(event) == 1)
    expect(page.locator("#door-state")).to_contain_text(
        "may no longer check tickets in", timeout=30_000
    )


def test_readmitted_phone_fetches_the_whole_list(phone, event):
    helper = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=helper.email, by=event.organizer)
    ticket = ticket_at(event)
    page = phone(event, person=helper)
    event_services.remove_door_staff(event.doorstaff_set.get(person=helper), by=event.organizer)
    expect(page.locator("#door-state")).to_contain_text(
        "may no longer check tickets in", timeout=30_000
    )
    until(page, f"async (event) => await ({GUESTS})(event) === 0", event.pk)
    event_services.add_door_staff(event, email=helper.email, by=event.organizer)
    page.reload()
    prepared(page, event)
    cut(page)
    assert scan(page, signature.sign(ticket))[0] == "admitted"


def test_old_offline_list_says_its_age(phone, event):
    page = phone(event)
    page.clock.install()
    page.reload()
    page.context.set_offline(True)
    # An answer that is under way may still say that all is well; the next request, which this
    # clock starts, finds no network.
    page.clock.run_for(10_000)
    expect(page.locator("#door-state")).to_contain_text("Offline")
    page.clock.fast_forward("03:10:00")
    expect(page.locator("#door-state")).to_contain_text("3 hours ago")


def test_usb_scanner_needs_no_camera_and_no_press(phone, event):
    first, second = ticket_at(event, "Guest One"), ticket_at(event, "Guest Two")
    page = phone(event)
    field = page.locator("#code")
    expect(field).to_be_focused()
    page.keyboard.type(signature.sign(first))
    page.keyboard.press("Enter")
    expect(page.locator("#result .result")).to_have_attribute("data-result", "admitted")
    page.keyboard.type(signature.sign(second))  # while the first answer still stands there
    page.keyboard.press("Enter")
    expect(page.locator("#result .result")).to_contain_text("Guest Two")
    expect(page.locator("#result .result")).to_have_count(0)
    expect(field).to_be_focused()
    assert admitted(event) == 2


def test_checkin_page_can_be_installed_as_an_app(phone, event):
    page = phone(event)
    devtools = page.context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    facts = json.loads(manifest["data"])
    assert (facts["start_url"], facts["scope"]) == (f"/organizer/events/{event.pk}/check-in/",) * 2
    # Playwright's windows are private, where nothing can be installed; that is the only error.
    assert [
        error["errorId"]
        for error in devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    ] == ["in-incognito"]


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


def test_self_test_finds_what_works_and_what_does_not(phone, event):
    ticket_at(event)
    page = phone(event)
    page.get_by_role("link", name="Ready?").click()
    for name in ("storage", "copy", "clock", "sample"):
        expect(page.locator(f"[data-check={name}]")).to_have_attribute(
            "data-state", "good", timeout=20_000
        )
    expect(page.locator("[data-check=camera]")).to_have_attribute("data-state", "bad")
    page.get_by_role("button", name="Play").click()
    expect(page.locator("[data-check=sound]")).to_have_attribute("data-state", "good")
    expect(page.locator("#verdict")).to_contain_text("Something is missing")
