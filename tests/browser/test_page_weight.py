"""The bytes and requests of a page with production's files, and whether its layout shifts."""

import os
from collections import Counter
from itertools import product

import pytest
from django.test import override_settings

from eventflow.operations import demo
from events.models import Event
from tests.browser.conftest import PHONE, until
from tests.support import processes
from tests.support.factories import (
    fill,
    make_admin,
    make_event,
    make_people,
    make_person,
    make_reservation,
)

pytestmark = pytest.mark.once(on="postgresql")

MOST_BYTES, MOST_REQUESTS = 80_000, 24
FONT = "Instrument Sans"
SHIFTS = """() => new Promise(done => {
  let shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(shift), 300);
})"""


def watch(page):
    """Collect {address: bytes on the wire, with heads} of all that the page gets from now on."""
    session = page.context.new_cdp_session(page)
    sizes, addresses = dict[str, int](), dict[str, str]()

    def note(event):
        sizes[addresses.get(event["requestId"], event["requestId"])] = event["encodedDataLength"]

    session.on(
        "Network.requestWillBeSent",
        lambda event: addresses.update({event["requestId"]: event["request"]["url"]}),
    )
    session.on("Network.loadingFinished", note)
    session.send("Network.enable")
    return sizes


def others(site, addresses):
    return {address for address in addresses if not address.startswith(site.url)}


# Marks the elements that hold a text themselves, so that the browser is asked about no others.
MARK_TEXTS = """() => {
  for (const element of document.querySelectorAll("body, body *")) {
    const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
    if ([...element.childNodes].some(isText)) element.setAttribute("data-has-text", "");
  }
}"""


def fonts_of(page):
    """Return {name of a font: how many letters of the page it drew}."""
    page.evaluate(MARK_TEXTS)
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    drawn = Counter[str]()
    marked = {"nodeId": root, "selector": "[data-has-text]"}
    for node in session.send("DOM.querySelectorAll", marked)["nodeIds"]:
        for font in session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]:
            drawn[font["familyName"]] += font["glyphCount"]
    session.detach()
    return drawn


def pages_to_look_at():
    """Load the demo. Returns (event, language): LONG=1 has each event in both languages."""
    with override_settings(TRIAL=True):
        demo.load()
    events = Event.objects.exclude(status="draft")
    if os.environ.get("LONG"):
        return list(product(events, ["en", "pl"]))
    return [(event, ("en", "pl")[number % 2]) for number, event in enumerate(events)]


def test_demo_event_pages_are_small_use_one_font_and_do_not_shift(site, open_window):
    heavy, jumping, many, mixed = {}, {}, {}, {}
    for event, language in pages_to_look_at():
        page = open_window(locale=language)
        received = watch(page)
        page.goto(event.get_absolute_url(), wait_until="networkidle")
        if (weight := sum(received.values())) > MOST_BYTES:
            heavy[event.title] = weight, sorted(received.items(), key=lambda item: -item[1])[:6]
        if (shift := page.evaluate(SHIFTS)) >= 0.01:
            jumping[event.title] = shift
        if len(received) > MOST_REQUESTS or others(site, received):
            many[event.title] = sorted(received)
        page.context.close()
        page = open_window(locale=language)
        visit_with_font_in_time(page, event.get_absolute_url())
        drawn = fonts_of(page)
        if set(drawn) != {FONT}:
            mixed[event.title] = drawn
        assert sum(drawn.values()) > 300
        page.context.close()
    assert (heavy, jumping, many, mixed) == ({}, {}, {}, {})


def visit_with_font_in_time(page, path):
    """Open the page so that its stylesheet comes after its font.

    On a busy machine the font could come too late, and be used on the next visit only.
    """
    held = []
    page.route("**/*.css", lambda route: held.append(route))
    with page.expect_event("requestfinished", lambda request: request.url.endswith(".woff2")):
        page.goto(path, wait_until="commit")
    until(page, "document.querySelector('link[rel=stylesheet]') !== null")
    processes.wait_until(lambda: page.wait_for_timeout(50) or held)
    held[0].continue_()
    page.wait_for_load_state("networkidle")


def test_foreign_names_use_one_font_on_a_first_visit(page):
    event = make_event(title="Zażółć gęślą jaźń, Ünal Žižek: Übung à la crème, Ångström et Łódź")
    visit_with_font_in_time(page, event.get_absolute_url())
    assert set(fonts_of(page)) == {FONT}
    assert page.locator("h1").inner_text() == event.title


def busy_pages():
    """Make a busy event. Returns {path of a page: most kilobytes of its HTML}."""
    admin = make_admin()
    event = make_event(organizer=admin, seats_limit=40, description="Farba, papier i stół. " * 20)
    ticket = make_reservation(event, admin, status="confirmed")
    fill(event, make_people(50))
    panel = f"/organizer/events/{event.pk}/"
    pages = {
        "/": 6,
        "/reservations/": 6,
        f"/reservations/{ticket.pk}/ticket/": 6,
        "/organizer/": 7,
        panel: 8,
        f"{panel}edit/": 16,
    }
    return admin, pages | {
        f"{panel}queue/": 16,
        f"{panel}messages/": 7,
        f"{panel}check-in/": 5,
        "/administration/roles/": 12,
    }


def test_pages_are_small_do_not_shift_and_load_no_other_host(site, open_window, log_in):
    admin, pages = busy_pages()
    page, heavy, jumping = open_window(**PHONE), {}, {}
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
    # One stylesheet, four scripts, icons, fonts, pages: a single page fetches only the script
    # that shows a code, the one that asks before the editor is left, and those of the check-in.
    common = {
        address
        for address in asked
        if "/static/" in address
        and "/js/check-in/" not in address
        and "/js/unsaved." not in address
    }
    assert len(common) <= 17, sorted(common)


def test_static_files_are_cached_for_ever_by_hashed_names(site, page):
    caching = {}
    page.on(
        "response",
        lambda answer: caching.update({answer.url: answer.headers.get("cache-control", "")}),
    )
    page.goto("/", wait_until="networkidle")
    files = {address: told for address, told in caching.items() if "/static/" in address}
    assert len(files) > 5
    assert set(files.values()) == {"max-age=315360000, public, immutable"}


def test_personal_pages_are_not_cached(site, open_window, log_in):
    page = open_window()
    log_in(page, make_person())
    assert page.goto("/reservations/").headers["cache-control"] == "private, no-store"
