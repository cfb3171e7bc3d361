"""The main job and a bulk decision by keyboard only, in both languages, with and without script."""

import os
import re
from itertools import product

import pytest
from django.utils import translation
from django.utils.translation import gettext as _
from playwright.sync_api import Locator, Page, expect

from tests.support.factories import (
    PASSWORD,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)

pytestmark = pytest.mark.once(on="postgresql")
# Each language and each way once; LONG=1 walks all four.
WAYS = (
    list(product(["en", "pl"], [True, False]))
    if os.environ.get("LONG")
    else [("en", True), ("pl", False)]
)
# No page needs more steps than this to reach anything on it.
MOST_TABS = 60
HAS_FOCUS = "element => element === document.activeElement"
FOCUSED = "(document.activeElement?.outerHTML ?? 'nothing').slice(0, 150)"


class Keys:
    """A person who uses a page with the keyboard only."""

    def __init__(self, page: Page, *, scripted: bool) -> None:
        self.page, self.scripted = page, scripted

    def go_to(self, wanted: Locator) -> None:
        """Press Tab until this element is focused and visible."""
        for _step in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if wanted.evaluate(HAS_FOCUS):
                return expect(wanted).to_be_in_viewport()
        raise AssertionError(
            f"{wanted} was not reached; the focus is on {self.page.evaluate(FOCUSED)}"
        )

    def press(self, wanted: Locator, key: str = "Enter") -> None:
        self.go_to(wanted)
        self.page.keyboard.press(key)

    def type_into(self, wanted: Locator, text: str) -> None:
        self.go_to(wanted)
        self.page.keyboard.type(text)

    def keeps_focus(self) -> None:
        """Check that the focus is at a sensible place, even if the pressed element is gone.

        Without a script a new page begins.
        """
        if self.scripted:
            expect(self.page.locator("main :focus, #toasts :focus")).to_have_count(1)

    def log_in(self, person) -> None:
        self.page.goto("/accounts/login/")
        self.type_into(self.page.locator("[name=login]"), person.email)
        self.type_into(self.page.locator("[name=password]"), PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page).not_to_have_url(re.compile("/login/"))


@pytest.mark.parametrize(
    ("language", "scripted"),
    WAYS,
    ids=[f"{language}-{'script' if scripted else 'no script'}" for language, scripted in WAYS],
)
def test_keyboard_is_enough_to_reserve_decide_and_check_in(open_window, language, scripted):
    organizer, guest = (
        make_organizer(language=language),
        make_person("Maja Wiśniewska", language=language),
    )
    event = make_event(organizer=organizer, title="Nocny druk")
    others = [
        make_reservation(event, make_person(name))
        for name in ("Jonas Weber", "Ewa Lis", "Amira Haddad")
    ]
    locale = {"en": "en-GB", "pl": "pl-PL"}[language]
    with translation.override(language):
        reserve_and_leave_and_come_back(
            Keys(open_window(locale=locale, java_script_enabled=scripted), scripted=scripted),
            guest,
            event,
        )
        keys = Keys(open_window(locale=locale, java_script_enabled=scripted), scripted=scripted)
        decide(keys, organizer, event, others)
        let_in(keys, event, others[1])
    assert sorted(event.reservations.values_list("person__first_name", "status")) == [
        ("Amira", "rejected"),
        ("Ewa", "confirmed"),
        ("Jonas", "confirmed"),
        ("Maja", "cancelled"),
        ("Maja", "pending"),
    ]
    event.refresh_from_db()
    assert (event.confirmed_count, event.pending_count, event.checked_in_count) == (2, 1, 1)


def reserve_and_leave_and_come_back(keys: Keys, guest, event) -> None:
    page = keys.page
    keys.log_in(guest)
    keys.press(page.get_by_role("link", name=event.title))
    expect(page).to_have_url(re.compile(event.get_absolute_url()))
    card = page.locator("#reservation")
    keys.press(card.get_by_role("button", name=_("Reserve")))
    expect(card).to_have_attribute("data-state", "pending")
    keys.keeps_focus()
    keys.press(page.locator("#leave-button"))
    if keys.scripted:
        # The dialog focuses the button that changes nothing; Escape closes it and gives focus back.
        expect(page.locator("#cancel-dialog :focus")).to_have_text(_("Keep my place"))
        page.keyboard.press("Escape")
        expect(page.locator("#leave-button")).to_be_focused()
        page.keyboard.press("Enter")
        keys.press(page.locator("#cancel-dialog .button--danger"))
    else:
        keys.press(page.locator("main .button--danger"))
    expect(card).to_have_attribute("data-state", "open")
    keys.keeps_focus()
    keys.press(card.get_by_role("button", name=_("Reserve")))
    expect(card).to_have_attribute("data-state", "pending")


def decide(keys: Keys, organizer, event, others) -> None:
    page = keys.page
    keys.log_in(organizer)
    keys.press(page.locator("header").get_by_role("link", name=_("Organize")).first)
    keys.press(
        page.locator(f"main .table__actions a[href='/organizer/events/{event.pk}/queue/']").first
    )
    expect(page.locator("#queue tbody tr")).to_have_count(4)
    jonas, ewa, amira = others
    for one in (jonas, ewa):
        keys.press(page.locator(f"#pick-{one.pk}"), "Space")
    keys.press(page.locator(".bulk .button--primary"))
    expect(page.locator("#toasts")).to_contain_text("2")
    expect(page.locator("#queue tbody tr")).to_have_count(2)
    keys.keeps_focus()
    keys.press(page.locator(f"#reject-{amira.pk}"))
    keys.press(page.locator("#reject-form .button--danger"))
    expect(page.locator("#count-rejected")).to_have_text("1")
    if keys.scripted:
        expect(page.locator(f"#undo-{amira.pk}")).to_be_focused()


def let_in(keys: Keys, event, guest) -> None:
    page = keys.page
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(guest.tickets.get().code)
    page.keyboard.press("Enter")
    # The next step has the focus already: Enter lets in, Enter goes on.
    expect(page.locator(".result :focus")).to_have_text(_("Check in"))
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_have_attribute("data-result", "admitted")
    expect(page.locator(".result :focus")).to_have_text(_("Next"))
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()
