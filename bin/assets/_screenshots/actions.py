"""What is typed and pressed on a page before its picture is taken. An action takes the page."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

Action = Callable[[Page], Any]


def do_nothing(page: Page) -> None:
    """The page is drawn as it was opened."""


def press(selector: str) -> Action:
    """Press the first element of this kind that is visible: some have one for each width."""
    return lambda page: page.click(f"{selector}:visible")


def draw_template(template: str) -> Action:
    """Show a page that cannot be reached on purpose, at an address with the same stylesheets."""
    from django.template.loader import render_to_string

    return lambda page: page.set_content(render_to_string(template), wait_until="networkidle")


def draw_html(html: str) -> Action:
    return lambda page: page.set_content(html)


def show_code(code: str) -> Action:
    """Enter a ticket's code on the check-in page and wait for the answer."""

    def action(page: Page) -> None:
        page.fill("#code", code)
        page.keyboard.press("Enter")
        page.wait_for_selector(".result")

    return action


def check_in_code(code: str) -> Action:
    """Check a ticket in, always as for the first time: an earlier check-in is undone."""
    from tickets.checkin import undo
    from tickets.checkin.access import CheckInActor
    from tickets.models import Ticket

    def action(page: Page) -> None:
        ticket = Ticket.objects.select_related("reservation", "event__organizer").get(code=code)
        if ticket.is_used:
            undo.undo_check_in(ticket.reservation, actor=CheckInActor(ticket.event.organizer))
        show_code(code)(page)
        page.keyboard.press("Enter")
        page.wait_for_selector(".result[data-result=admitted]")

    return action


def select_reservations(page: Page) -> None:
    for box in page.locator("#queue [name=r]").all()[:3]:
        box.check()


def open_note(page: Page) -> None:
    page.locator("#queue [data-opens=note-dialog]").nth(1).click()
    page.wait_for_selector("#note-form textarea")


def preview_message(page: Page) -> None:
    page.fill("[name=subject]", "Doors open at 17:30")
    page.fill("[name=body]", "The gate on Ruska is open, the courtyard is behind it.")
    page.click("button[value=preview]")
    page.wait_for_selector("#preview-h")
