"""The check-in page as a device: installed, revoked, tested, and with a scanner on its USB port."""

import json

import pytest
from playwright.sync_api import expect

from events import services as event_services
from tests.browser.checkin.phone import (
    GUESTS,
    admitted,
    back,
    cut,
    prepared,
    scan,
    ticket_at,
    wait_for,
)
from tests.browser.conftest import PHONE, running_chromium, until, windows_of
from tests.support.factories import make_person
from tickets.checkin import gates
from tickets.ticket import signature

pytestmark = pytest.mark.once(on="postgresql")
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


def test_scan_is_sent_without_a_cookie(phone, event):
    ticket = ticket_at(event)
    page = phone(event)
    with page.expect_request(lambda request: "nonce" in (request.post_data or "")) as sent:
        assert scan(page, signature.sign(ticket))[0] == "admitted"
    headers = sent.value.all_headers()
    assert "cookie" not in headers and headers["x-door-key"]


def test_revoked_phone_says_so_and_sends_its_scans(phone, event):
    ticket = ticket_at(event)
    gate = gates.add_gate(event, name="Entrance A", by=event.organizer)
    page = phone(event, gate)
    cut(page)
    assert scan(page, signature.sign(ticket))[0] == "admitted"
    gates.revoke_gate(gate, by=event.organizer)
    back(page)
    wait_for(lambda: admitted(event) == 1)
    expect(page.locator("#check-in-status")).to_contain_text(
        "may no longer check tickets in", timeout=30_000
    )


def test_readmitted_phone_fetches_the_whole_list(phone, event):
    helper = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=helper.email, by=event.organizer)
    ticket = ticket_at(event)
    page = phone(event, person=helper)
    page.clock.install()
    page.reload(wait_until="networkidle")
    event_services.remove_door_staff(event.doorstaff_set.get(person=helper), by=event.organizer)
    page.clock.fast_forward(30_000)
    expect(page.locator("#check-in-status")).to_contain_text(
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
    expect(page.locator("#check-in-status")).to_contain_text("Offline")
    page.clock.fast_forward("03:10:00")
    expect(page.locator("#check-in-status")).to_contain_text("3 hours ago")


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


@pytest.fixture
def whole_window(playwright, site, page_errors):
    """A window of the whole Chromium: the headless shell does not know what can be installed."""
    with (
        running_chromium(playwright, whole=True) as browser,
        windows_of(browser, site, page_errors) as opened,
    ):
        yield opened(**PHONE)


def test_checkin_page_can_be_installed_as_an_app(whole_window, log_in, event):
    page = whole_window
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    prepared(page, event)
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
    expect(page.locator("#readiness")).to_contain_text("Something is missing")
