"""Log-out on a phone that checked guests in: scans are sent or named, and its data is removed."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, until
from tests.support.factories import make_event, make_person, make_reservation
from tickets.models import Device, Scan
from tickets.ticket import signature

KEPT = """async () => [
  ...(await indexedDB.databases()).map(({name}) => name).filter((name) => name.startsWith("door-")),
  ...(await caches.keys()).filter((name) => name.startsWith("door-")),
  ...(await navigator.serviceWorker.getRegistrations())
    .map(({scope}) => scope).filter((scope) => scope.includes("check-in")),
]"""
KEY = """async (event) => {
  const asked = indexedDB.open(`door-${event}`);
  const database = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  const facts = database.transaction("facts").objectStore("facts"), key = facts.get("key");
  const found = await new Promise((done) => { key.onsuccess = () => done(key.result); });
  database.close();
  return found ?? null;
}"""
# A scan that the phone made without a network.
LET_IN = """async ([event, code]) => {
  const asked = indexedDB.open(`door-${event}`);
  const database = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  const change = database.transaction("readings", "readwrite");
  const nonce = crypto.randomUUID(), at = new Date().toISOString();
  change.objectStore("readings").put({nonce, code, at, let_in: true, open: false});
  await new Promise((done) => { change.oncomplete = done; });
  database.close();
}"""


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def ticket(event):
    return make_reservation(event, make_person("Łucja Żółć"), status="confirmed").tickets.get()


@pytest.fixture
def phone(open_window, log_in, page_errors, event, ticket):
    """A phone whose person opened the check-in page and now looks at another page."""
    page_errors.expected += [
        "Failed to load resource",
        "WebSocket connection",
        "[object Event]",
        "ERR_FAILED",
    ]
    page = open_window(**PHONE)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    until(page, f"async () => (await ({KEPT})()).length >= 3 && Boolean(await ({KEY})({event.pk}))")
    page.goto("/accounts/settings/")
    return page


def log_out(page):
    page.locator("[data-forgets]").first.evaluate("form => form.requestSubmit()")


def logged_out(page):
    page.wait_for_url(lambda url: "settings" not in url)
    return (
        page.context.request.get("/accounts/settings/")
        .url.partition("?")[0]
        .endswith("/accounts/login/")
    )


def allowed(page, event, key):
    address = f"/organizer/events/{event.pk}/check-in/readings/"
    return page.context.request.post(
        address, data={"readings": []}, headers={"X-Door-Key": key}
    ).status


def test_log_out_clears_the_phone_and_ends_it_on_the_server(phone, event):
    key = phone.evaluate(KEY, event.pk)
    assert allowed(phone, event, key) == 200
    log_out(phone)
    assert logged_out(phone)
    assert phone.evaluate(KEPT) == []
    assert allowed(phone, event, key) == 401
    assert Device.objects.get().has_ended


def test_log_out_sends_waiting_scans_without_a_cookie(phone, event, ticket):
    phone.evaluate(LET_IN, [event.pk, signature.qr_text(ticket)])
    with phone.expect_request("**/readings/") as sent:
        log_out(phone)
    assert logged_out(phone)
    assert Scan.objects.get().outcome == "admitted"
    assert "cookie" not in sent.value.all_headers()
    assert phone.evaluate(KEPT) == []


def test_log_out_names_and_keeps_unsent_scans(phone, log_in, event, ticket):
    phone.evaluate(LET_IN, [event.pk, signature.qr_text(ticket)])
    phone.route("**/readings/", lambda route: route.abort())
    asked = []

    def answer(dialog):
        asked.append(dialog.message)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    phone.on("dialog", answer)
    log_out(phone)
    phone.wait_for_timeout(1000)
    assert asked[0].startswith("Scans that could not be sent: 1.")
    assert "settings" in phone.url, "still logged in"
    log_out(phone)
    assert logged_out(phone)
    assert phone.evaluate(KEPT) == [f"door-{event.pk}"], "the scan alone"
    phone.unroute("**/readings/")
    log_in(phone, event.organizer)
    phone.goto(f"/organizer/events/{event.pk}/check-in/")
    expect(phone.locator("#live-checked-in")).to_have_text("1")
    assert Scan.objects.get().outcome == "admitted"
