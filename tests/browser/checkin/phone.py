"""What a person does with the check-in page on a phone: scan, lose the network, and get it back."""

import time

from playwright.sync_api import expect

from tests.browser.conftest import until
from tests.support.factories import make_person, make_reservation

# A scanner on the USB port: the keys come fast, and Enter ends them.
TYPE = """async (text) => {
  document.activeElement.blur();
  const press = (key) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  [...text].forEach(press);
  press("Enter");
}"""


def ticket_at(event, name="Łucja Żółć"):
    event.refresh_from_db()
    return make_reservation(event, make_person(name), status="confirmed").tickets.get()


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
    expect(page.locator("#check-in-status")).to_contain_text("Offline")


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
