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
from playwright.sync_api import Error, Locator, Page

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

# Everything on a page that can be pressed or filled in; each has a number, from 0 on.
ELEMENTS = "button, input, textarea, summary, [data-opens]"
# The elements that send a form of the page: a button, or the field of a search. `number` counts
# all buttons and fields. (A field named "action" hides that property of its form.)
SENDERS = f"""(scripted) => [...document.querySelectorAll({ELEMENTS!r})].map((element, number) => {{
  const form = element.form, method = form?.getAttribute("method") ?? "get";
  const sends = method === "post"
    ? element.matches("button") && element.type === "submit"
      && !(scripted && element.dataset.opens)
    : element.matches("input:not([type=hidden], [type=radio], [type=checkbox])");
  if (!form || !sends) return null;
  const address = element.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  const {{ name, value }} = method === "post" ? element : {{}};
  return {{ number, method, address: new URL(address, location).href, name, value }};
}}).filter(Boolean)"""
# What a person needs to press an element: whether they can press it now, the number of the button
# that opens what hides it, and the fields of its form into which they can type or tick.
NEEDS = f"""([number, scripted]) => {{
  const all = [...document.querySelectorAll({ELEMENTS!r})], element = all[number];
  const isVisible = (one) => one.checkVisibility({{ visibilityProperty: true }})
    && one.getClientRects().length > 0;
  const dialog = scripted && element.closest("dialog:not([open])");
  const menu = element.closest("details:not([open])");
  const opener = dialog ? [...document.querySelectorAll("[data-opens]")]
    .find((opener) => opener.dataset.opens === dialog.id)
    : menu?.querySelector("summary");
  const fields = [...element.form.elements].filter((field) =>
    field.matches("input, textarea") && field.checkVisibility() && !field.disabled);
  return {{
    canBePressed: isVisible(element) && !element.disabled,
    opener: opener && isVisible(opener) ? all.indexOf(opener) : null,
    fields: fields.map((field) => {{
      const {{ name, type, value }} = field;
      return {{ number: all.indexOf(field), name, type, value }};
    }}),
  }};
}}"""
# Where a page says what is wrong with a form.
ERRORS = ".field__error, [role=alert], .toast[data-kind=error], .result"
# A browser that refuses to send a form focuses the field that is missing or wrong.
IS_REFUSED = """() => document.activeElement.matches(":invalid")
  && !document.activeElement.form.noValidate"""


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
        for number in self.senders().get(key, []):
            needs = self.reach(number)
            if needs["canBePressed"]:
                self.fill(needs["fields"], typed)
                element = self.element(number)
                element.press("Enter") if key.startswith("GET ") else element.click()
                self.page.wait_for_load_state()
                return True
        return False

    def element(self, number: int) -> Locator:
        return self.page.locator(ELEMENTS).nth(number)

    def senders(self) -> dict[str, list[int]]:
        """Return {form: the numbers of what sends it} of the page as it is now."""
        found: dict[str, list[int]] = defaultdict(list)
        for one in self.page.evaluate(SENDERS, self.scripted):
            key = key_of(one["method"], one["address"], one.get("name", ""), one.get("value", ""))
            found[key].append(one["number"])
        return found

    def reach(self, number: int) -> dict[str, Any]:
        """Open what hides the element and tick what it needs. Returns its NEEDS then."""
        needs = self.needs(number)
        boxes = [field for field in needs["fields"] if field["type"] == "checkbox"]
        if not needs["canBePressed"] and boxes:
            for box in boxes:
                self.element(box["number"]).check()
            needs = self.needs(number)
        if needs["opener"] is not None:
            self.element(needs["opener"]).click()
            needs = self.needs(number)
        return needs

    def needs(self, number: int) -> dict[str, Any]:
        return self.page.evaluate(NEEDS, [number, self.scripted])

    def fill(self, fields: Iterable[dict[str, Any]], typed: Fields | None) -> None:
        """Type these texts into the empty ones of these fields, or empty them all."""
        for field in fields:
            text = (typed or {}).get(field["name"])
            is_empty = not field["value"]
            if (
                field["type"] in CHOSEN
                or (is_empty and text is None)
                or (typed is not None and not is_empty)
            ):
                continue
            new = "" if text is None else text if isinstance(text, str) else text()
            self.element(field["number"]).fill(new)

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


def copy_of_database() -> sqlite3.Connection:
    """Copy the tests' SQLite database into memory."""
    connection.ensure_connection()
    copy = sqlite3.connect(":memory:")
    connection.connection.backup(copy)
    return copy
