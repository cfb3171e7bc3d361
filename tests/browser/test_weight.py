"""What a page costs, on the files as production serves them: bytes, requests, and nothing that jumps about."""

import pytest

from tests.browser.conftest import PHONE
from tests.factories import make_admin, make_event, make_people, make_person, make_reservation
from tickets.services import queue

pytestmark = pytest.mark.once

MOST_BYTES, MOST_REQUESTS = 80_000, 24
SHIFTS = """() => new Promise(done => {
  let shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; })).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(shift), 300);
})"""


@pytest.fixture
def received(page):
    """{address: bytes on the wire, heads included} of everything that the page gets."""
    session, sizes, addresses = page.context.new_cdp_session(page), {}, {}
    session.on("Network.requestWillBeSent", lambda event: addresses.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({addresses[event["requestId"]]: event["encodedDataLength"]}))
    session.send("Network.enable")
    return sizes


def others(site, addresses):
    return {address for address in addresses if not address.startswith(site.url)}


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_first_visit_to_an_event_is_light_and_still(site, page, received, language):
    event = make_event(title="Zażółć gęślą jaźń: noc druku", description="Farba, papier i stół. " * 20)
    page.set_extra_http_headers({"Accept-Language": language})
    page.goto(event.get_absolute_url(), wait_until="networkidle")
    assert page.evaluate(SHIFTS) < 0.01
    assert sum(received.values()) <= MOST_BYTES, sorted(received.items(), key=lambda item: -item[1])
    assert len(received) <= MOST_REQUESTS, sorted(received)
    assert others(site, received) == set()


def busy_pages():
    """An evening in full swing, and every page that somebody works on: {path: kilobytes that its own HTML may weigh at most}."""
    admin = make_admin()
    event = make_event(organizer=admin, seats_limit=40, description="Farba, papier i stół. " * 20)
    ticket = make_reservation(event, admin, status="confirmed")
    for person in make_people(50):
        queue.reserve(event, person=person)
    panel = f"/organizer/events/{event.pk}/"
    pages = {"/": 6, "/reservations/": 6, f"/reservations/{ticket.pk}/ticket/": 6, "/organizer/": 7, panel: 8, f"{panel}edit/": 16}
    return admin, pages | {f"{panel}queue/": 16, f"{panel}messages/": 7, f"{panel}check-in/": 5, "/administration/roles/": 12}


def test_no_page_is_heavy_jumps_about_or_asks_another_host(site, visitor, log_in):
    admin, pages = busy_pages()
    page, heavy, jumping = visitor(**PHONE), {}, {}
    log_in(page, admin)
    asked = set()
    page.on("request", lambda request: asked.add(request.url))
    for path, kilobytes in pages.items():
        answer = page.goto(path, wait_until="load")
        if (weight := answer.request.sizes()["responseBodySize"]) > kilobytes * 1000:
            heavy[path] = weight
        if (shift := page.evaluate(SHIFTS)) >= 0.01:
            jumping[path] = shift
    assert (heavy, jumping, others(site, asked)) == ({}, {}, set())
    # One stylesheet, four scripts, icons, fonts and the pages: nothing is fetched by one page only but the code to be shown, and the door's scripts.
    assert len({address for address in asked if "/static/" in address and "/js/door/" not in address}) <= 17, sorted(asked)


def test_files_are_kept_for_ever_under_names_that_say_what_is_in_them(site, page):
    caching = {}
    page.on("response", lambda answer: caching.update({answer.url: answer.headers.get("cache-control", "")}))
    page.goto("/", wait_until="networkidle")
    files = {address: told for address, told in caching.items() if "/static/" in address}
    assert len(files) > 5
    assert set(files.values()) == {"max-age=315360000, public, immutable"}


def test_a_page_with_somebody_on_it_is_kept_by_nobody(site, visitor, log_in):
    page = visitor()
    log_in(page, make_person())
    assert page.goto("/reservations/").headers["cache-control"] == "private, no-store"
