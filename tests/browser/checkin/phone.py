"""What a person does with the check-in page on a phone: scan, lose the network, and get it back."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from events.models import Event
from tests.browser.conftest import until
from tests.support.factories import make_person, make_reservation
from tickets.models import Ticket

# A scanner on the USB port: the keys come fast, and Enter ends them.
TYPE = """async (text) => {
  document.activeElement.blur();
  const press = (key) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  [...text].forEach(press);
  press("Enter");
}"""


def ticket_at(event: Event, name: str = "Łucja Żółć") -> Ticket:
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


def prepared(page: Page, event: Event) -> None:
    """Wait until the phone has its offline list and its copy of the page."""
    until(
        page,
        f"""async () => (await navigator.serviceWorker.ready).active?.state === "activated"
        && Boolean(await (await caches.open("door-{event.pk}")).match(location.pathname))""",
    )
    count = event.tickets.count()
    until(page, f"async ([event, count]) => await ({GUESTS})(event) >= count", [event.pk, count])


def scan(page: Page, text: str) -> tuple[str | None, str]:
    """Scan this code. Returns the outcome that the phone shows, and the text beside it."""
    page.evaluate("document.getElementById('result').replaceChildren()")
    page.evaluate(TYPE, text)
    section = page.locator("#result .result")
    expect(section).to_be_visible()
    return section.get_attribute("data-result"), section.inner_text()


def cut(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#check-in-status")).to_contain_text("Offline")


def back(page: Page) -> None:
    page.context.set_offline(False)


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def admitted(event: Event) -> int:
    event.refresh_from_db()
    return event.checked_in_count
