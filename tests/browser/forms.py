"""Finds every form of the site and presses its buttons in a browser.

A form is named by its route and its button, as "/organizer/events/<int:pk>/edit/ action=save";
one that only looks something up begins with "GET ".
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import resolve
from lxml.html import HtmlElement
from playwright.sync_api import ElementHandle, Error, JSHandle, Locator, Page

from tests.browser.visibility import FEEDBACK, visible_text
from tests.support.forms import ENGLISH, open_page, pages
from tests.support.full_dataset import Dataset
from tests.support.markup import tree

# An address of the site that shows no page: leaving the site for about:blank and coming back would
# start two processes of the browser.
NOTHING = "/health/"
# Types of inputs into which nothing is typed.
CHOSEN = {"checkbox", "radio", "submit", "button"}
# {name of a field: what is typed into it}
type Fields = dict[str, str | Callable[[], str]]

# --- Finding --------------------------------------------------------------------------------------

# Many events show the same forms: at so many events a person opens each kind of page.
MOST_EVENTS = 7
FORMS = "//form[.//input | .//select | .//textarea]"
REQUIRED_TEXT = ".//textarea[@required] | .//input[@required][not(@type = 'radio')]"


@dataclass(frozen=True)
class FormSteps:
    """How a person reaches a form: the page that they open, and the forms that they send there."""

    who: str
    path: str
    keys: tuple[str, ...]


def find_steps(
    dataset: Dataset,
    more: Iterable[tuple[str, str]],
) -> tuple[dict[str, list[FormSteps]], set[str]]:
    """Find the forms on the pages of this data set and on `more`, which are (who, path).

    Returns {form: the steps to it, from each page that shows it}, and the forms that cannot be
    sent without a text.
    """
    found: dict[str, list[FormSteps]] = defaultdict(list)
    client, needing_text = Client(headers=ENGLISH), set()
    for who, path in dict.fromkeys([*pages(dataset, most=MOST_EVENTS), *more]):
        response = open_page(client, dataset, who, path)
        if response.get("Content-Type", "").startswith("text/html"):
            for key, needs_text in dict.fromkeys(forms_on(response)):
                found[key].append(FormSteps(who, path, (key,)))
                needing_text |= {key} if needs_text else set()
    return found, needing_text


def forms_on(response: Any) -> Iterator[tuple[str, bool]]:
    """Yield (name, whether it needs a text) of every form of the page."""
    path = response.wsgi_request.get_full_path()
    for form in tree(response).xpath(FORMS):
        method, action = (form.get("method") or "get").lower(), form.get("action") or path
        needs_text = bool(form.xpath(REQUIRED_TEXT))
        if method == "get":
            yield key_of(method, action), needs_text
        if method == "post":
            for button in buttons_of(form):
                address = button.get("formaction") or action
                yield key_of(method, address, button.get("name"), button.get("value")), needs_text


def buttons_of(form: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the buttons that send this form."""
    buttons = ".//button[not(@form)] | //button[@form = $name]"
    for button in form.xpath(buttons, name=form.get("id") or ""):
        if button.get("type", "submit") == "submit" and button.get("hidden") is None:
            yield button


def key_of(method: str, address: str, name: str | None = "", value: str | None = "") -> str:
    """The name of the form with this method, address and button."""
    route = "/" + resolve(urlsplit(address).path).route
    prefix = "GET " if method == "get" else ""
    return f"{prefix}{route} {name}={value or ''}" if name else f"{prefix}{route}"


# --- Sending --------------------------------------------------------------------------------------

# The elements that send a form of the page: a button, or the field of a search. `number` counts
# all buttons and fields. (A field named "action" hides that property of its form.)
SENDERS = """(scripted) => [...document.querySelectorAll("button, input")].map((element, number) =>
{
  const form = element.form, method = form?.getAttribute("method") ?? "get";
  const sends = method === "post"
    ? element.matches("button") && element.type === "submit"
      && !(scripted && element.dataset.opens)
    : element.matches("input:not([type=hidden], [type=radio], [type=checkbox])");
  if (!form || !sends) return null;
  const address = element.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  const { name, value } = method === "post" ? element : {};
  return { number, method, address: new URL(address, location).href, name, value };
}).filter(Boolean)"""
OPENER = """(element, scripted) => {
  const dialog = scripted && element.closest("dialog:not([open])");
  const menu = element.closest("details:not([open])");
  return dialog ? [...document.querySelectorAll("[data-opens]")]
    .find((opener) => opener.dataset.opens === dialog.id) ?? null
    : menu ? menu.querySelector("summary") : null;
}"""
# Where a page says what is wrong with a form.
ERRORS = ".field__error, [role=alert], .toast[data-kind=error], .result"
# A browser that refuses to send a form focuses the field that is missing or wrong.
IS_REFUSED = """() => document.activeElement.matches(":invalid")
  && !document.activeElement.form.noValidate"""
FIELDS = """(element) => [...element.form.elements].filter((field) =>
  field.matches("input, textarea") && field.checkVisibility() && !field.disabled)"""


class FormWindow:
    """A browser window in which forms are sent, each on the data as it was at first."""

    def __init__(
        self,
        page: Page,
        sessions: dict[str, str],
        before: sqlite3.Connection,
        *,
        scripted: bool,
    ) -> None:
        self.page, self.sessions, self.before, self.scripted = page, sessions, before, scripted

    def start(self, steps: FormSteps) -> None:
        """Restore the data as it was at first, and open the page of the steps as their person."""
        self.page.goto(NOTHING)
        self.before.backup(connection.connection)
        self.page.context.clear_cookies()
        if session := self.sessions.get(steps.who):
            name, place = settings.SESSION_COOKIE_NAME, {"domain": "localhost", "path": "/"}
            cookie: Any = {"name": name, "value": session, **place}
            self.page.context.add_cookies([cookie])
        self.page.goto(steps.path)

    def press(self, key: str, typed: Fields | None) -> bool:
        """Send the first form of this name that a person can send, with these texts or empty.

        Returns whether there was one.
        """
        for element in self.senders().get(key, []):
            if self.reach(element):
                fill(element, typed)
                element.press("Enter") if key.startswith("GET ") else element.click()
                self.page.wait_for_load_state()
                return True
        return False

    def senders(self) -> dict[str, list[Locator]]:
        """Return {form: the elements that send it} of the page as it is now."""
        found: dict[str, list[Locator]] = defaultdict(list)
        elements = self.page.locator("button, input")
        for one in self.page.evaluate(SENDERS, self.scripted):
            key = key_of(one["method"], one["address"], one.get("name", ""), one.get("value", ""))
            found[key].append(elements.nth(one["number"]))
        return found

    def reach(self, element: Locator) -> bool:
        """Open what hides the element and tick what it needs. Returns whether it can be pressed."""
        if not element.is_visible() or not element.is_enabled():
            tick(element)
        opener = element.evaluate_handle(OPENER, self.scripted).as_element()
        if opener and opener.is_visible():
            opener.click()
        return element.is_visible() and element.is_enabled()

    def shows(self, sentence: str) -> bool:
        """Whether the sentence is visible where a page says what became of a press."""
        try:
            return sentence in visible_text(self.page, FEEDBACK)
        except Error:  # the next page is replacing this one
            return False

    def shows_an_error(self) -> bool:
        """Whether the page, or the browser itself, says what is wrong with the form."""
        try:
            return bool(visible_text(self.page, ERRORS)) or self.page.evaluate(IS_REFUSED)
        except Error:  # the next page is replacing this one
            return False

    def describe(self) -> str:
        return f"{self.page.url}: {visible_text(self.page)}"


def fill(element: Locator, typed: Fields | None) -> None:
    """Type these texts into the empty fields of the element's form, or empty all its fields."""
    for field in fields_of(element):
        if field.get_attribute("type") in CHOSEN:
            continue
        text = (typed or {}).get(field.get_attribute("name") or "")
        if typed is None:
            field.fill("")
        elif text is not None and not field.input_value():
            field.fill(text if isinstance(text, str) else text())


def tick(element: Locator) -> None:
    """Tick every box of the element's form."""
    for field in fields_of(element):
        if field.get_attribute("type") == "checkbox":
            field.check()


def fields_of(element: Locator) -> list[ElementHandle]:
    """Return the visible fields of the element's form."""
    fields = element.evaluate_handle(FIELDS).get_properties().values()
    return [field for field in map(JSHandle.as_element, fields) if field]


def copy_of_database() -> sqlite3.Connection:
    """Copy the tests' SQLite database into memory."""
    connection.ensure_connection()
    copy = sqlite3.connect(":memory:")
    connection.connection.backup(copy)
    return copy
