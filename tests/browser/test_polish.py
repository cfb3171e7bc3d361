"""Polish pages fit their window, and their words agree with the numbers beside them."""

import os

import pytest
from playwright.sync_api import expect

from tests.browser.frames import number, open_with_sockets, push
from tests.support.factories import (
    make_admin,
    make_event,
    make_people,
    make_person,
    make_reservation,
)
from tickets.queue import registration

TITLE = "Introligatornia dla początkujących: szycie, klejenie i oprawianie"
# 1280 px at 400 %, and both sides of the widths where the layout changes; test_every_page.py has
# a phone. LONG=1 has those between.
WIDTHS = [320, 600, 770, 800, 970, 1040]
if os.environ.get("LONG"):
    WIDTHS += [360, 390, 900, 1100, 1280]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def event():
    event = make_event(
        title=TITLE,
        location="Pracownia Odbitka, ul. Świętego Antoniego 24/26, Wrocław",
        organizer=make_admin("Katarzyna Wójcik-Kaczmarek"),
    )
    for person in make_people(6):
        registration.reserve(event.pk, person=person)
    return event


def pages_of(event, reservation):
    yield from (
        "/",
        "/reservations/",
        "/accounts/settings/",
        "/organizer/",
        "/organizer/events/new/",
        "/administration/roles/",
    )
    yield event.get_absolute_url()
    yield f"/reservations/{reservation.pk}/ticket/"
    yield from (
        f"/organizer/events/{event.pk}/{part}"
        for part in ("", "edit/", "queue/?state=all", "cancel/", "check-in/", "check-in/search/")
    )


@pytest.mark.once
def test_polish_pages_are_not_wider_than_their_window(open_still_window, log_in, event):
    reservation = make_reservation(event, event.organizer, status="confirmed")
    event.organizer.language = "pl"
    event.organizer.save()
    page = open_still_window(locale="pl-PL")
    log_in(page, event.organizer)
    too_wide = {}
    for path in pages_of(event, reservation):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", "pl")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if wider := page.evaluate(WIDER):
                too_wide[path, width] = wider
    assert too_wide == {}


def words_after(page, name, value):
    push(page, number(name, value))
    return page.locator(f"[data-plural=live-{name}]").inner_text()


SPOTS = {
    1: "wolne miejsce",
    2: "wolne miejsca",
    5: "wolnych miejsc",
    12: "wolnych miejsc",
    22: "wolne miejsca",
    0: "wolnych miejsc",
}
PEOPLE = {
    1: "osoba czeka",
    2: "osoby czekają",
    5: "osób czeka",
    12: "osób czeka",
    22: "osoby czekają",
    0: "osób czeka",
}


def test_polish_words_agree_with_live_numbers(open_window, site):
    page = open_window(locale="pl-PL")
    open_with_sockets(page, make_event(admission="automatic").get_absolute_url())
    for name, forms in (("spots-left", SPOTS), ("pending", PEOPLE)):
        assert {value: words_after(page, name, value) for value in forms} == forms


def test_polish_selection_bar_agrees_with_its_number(open_window, log_in, event):
    person = make_person(role="admin", language="pl")
    page = open_window(locale="pl-PL")
    log_in(page, person)
    page.goto(f"/organizer/events/{event.pk}/queue/")
    for box in page.locator("tbody input[type=checkbox]").all()[:3]:
        box.check()
    expect(page.locator("[data-bulk-count]")).to_have_text("Zaznaczono: 3")
