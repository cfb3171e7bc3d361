"""Every form of the site: where its buttons are found, and how somebody presses one in a browser.

A form is named by its route and its button, as "/organizer/events/<int:pk>/edit/ action=save";
one that only looks something up begins with "GET ".
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from playwright.sync_api import ElementHandle, Error, JSHandle, Locator, Page

from tests.browser.seeing import seen_text
from tests.support.forms import ENGLISH, open_page, pages
from tests.support.full_dataset import Dataset
from tests.support.markup import tree

# Fields that are chosen, not written into.
CHOSEN = {"checkbox", "radio", "submit", "button"}
# {name of a field: what is typed into it}
type Fields = dict[str, str | Callable[[], str]]

# --- Finding --------------------------------------------------------------------------------------

# Many events show the same forms: a person opens so many of each kind of page.
ENOUGH = 7
ASKS_FOR_WORDS = ".//textarea[@required] | .//input[@required][not(@type = 'radio')]"


@dataclass(frozen=True)
class Way:
    """How a person comes to a form: the page that they open, and the forms sent from there on."""

    who: str
    path: str
    keys: tuple[str, ...]


def find_ways(
    dataset: Dataset,
    more: Iterable[tuple[str, str]],
) -> tuple[dict[str, list[Way]], set[str]]:
    """Return {form: every page that shows it}, of the pages of this data set and of `more`.

    Beside it stand the forms that can't be sent without words.
    """
    found: dict[str, list[Way]] = defaultdict(list)
    client, asking = Client(headers=ENGLISH), set()
    for who, path in dict.fromkeys([*pages(dataset, most=ENOUGH), *more]):
        response = open_page(client, dataset, who, path)
        if response.get("Content-Type", "").startswith("text/html"):
            for key, asks in dict.fromkeys(forms_on(response)):
                found[key].append(Way(who, path, (key,)))
                asking |= {key} if asks else set()
    return found, asking


def forms_on(response: HttpResponse) -> Iterator[tuple[str, bool]]:
    """Yield (name, whether it asks for words) of every form of the page."""
    path = response.wsgi_request.get_full_path()
    for form in tree(response).xpath("//form[.//input | .//select | .//textarea]"):
        method, action = (form.get("method") or "get").lower(), form.get("action") or path
        asks = bool(form.xpath(ASKS_FOR_WORDS))
        if method == "get":
            yield key_of(method, action), asks
        if method == "post":
            buttons = ".//button[not(@form)] | //button[@form = $name]"
            for button in form.xpath(buttons, name=form.get("id") or ""):
                if button.get("type", "submit") == "submit" and button.get("hidden") is None:
                    name, value = button.get("name"), button.get("value") or ""
                    yield key_of(method, button.get("formaction") or action, name, value), asks


def key_of(method: str, address: str, name: str = "", value: str = "") -> str:
    route = "/" + resolve(urlsplit(address).path).route
    prefix = "GET " if method == "get" else ""
    return f"{prefix}{route} {name}={value}" if name else f"{prefix}{route}"


# --- Sending --------------------------------------------------------------------------------------

# What sends a form of the page: a button, or the field of a search. Its number is its place among
# all buttons and fields. (A field named "action" hides the property of its form.)
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
# A browser that does not send a form goes to the field that it asks for, and says so beside it.
REFUSED_HERE = """() => document.activeElement.matches(":invalid")
  && !document.activeElement.form.noValidate"""
FIELDS = """(element) => [...element.form.elements].filter((field) =>
  field.matches("input, textarea") && field.checkVisibility() && !field.disabled)"""


class Walk:
    """A browser's window in which forms are sent, each with the same data as it was at first."""

    def __init__(
        self,
        page: Page,
        sessions: dict[str, str],
        before: sqlite3.Connection,
        *,
        scripted: bool,
    ) -> None:
        self.page, self.sessions, self.before, self.scripted = page, sessions, before, scripted

    def start(self, way: Way) -> None:
        """Bring the data back as it was, and open the way's page as its person."""
        self.page.goto("about:blank")
        self.before.backup(connection.connection)
        self.page.context.clear_cookies()
        if session := self.sessions.get(way.who):
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session}
            self.page.context.add_cookies([{**cookie, "domain": "localhost", "path": "/"}])
        self.page.goto(way.path)

    def press(self, key: str, typed: Fields | None) -> bool:
        """Send the first form of this name that a person can send, with what is typed, or empty."""
        for element in self.senders().get(key, []):
            if self.reach(element):
                fill(element, typed)
                element.press("Enter") if key.startswith("GET ") else element.click()
                self.page.wait_for_load_state()
                return True
        return False

    def senders(self) -> dict[str, list[Locator]]:
        """Return {form: what sends it} of the page as it is now."""
        found: dict[str, list[Locator]] = defaultdict(list)
        everything = self.page.locator("button, input")
        for one in self.page.evaluate(SENDERS, self.scripted):
            key = key_of(one["method"], one["address"], one.get("name", ""), one.get("value", ""))
            found[key].append(everything.nth(one["number"]))
        return found

    def reach(self, element: Locator) -> bool:
        """Whether a person can press it, once what hides it is open and what it needs is ticked."""
        if not element.is_visible() or not element.is_enabled():
            tick(element)
        opener = element.evaluate_handle(OPENER, self.scripted).as_element()
        if opener and opener.is_visible():
            opener.click()
        return element.is_visible() and element.is_enabled()

    def sees(self, sentence: str, selector: str) -> bool:
        """Whether the sentence stands in the window, in an element of this kind."""
        try:
            return sentence in seen_text(self.page, selector)
        except Error:  # the page gives way to the next one
            return False

    def sees_an_error(self) -> bool:
        """Whether something in the window says what is wrong: the page, or the browser itself."""
        try:
            return bool(seen_text(self.page, ERRORS)) or self.page.evaluate(REFUSED_HERE)
        except Error:  # the page gives way to the next one
            return False


def fill(element: Locator, typed: Fields | None) -> None:
    """Write into the fields of its form: what is typed there where nothing stands, or nothing."""
    for field in fields_of(element):
        if field.get_attribute("type") in CHOSEN:
            continue
        words = (typed or {}).get(field.get_attribute("name") or "")
        if typed is None:
            field.fill("")
        elif words is not None and not field.input_value():
            field.fill(words if isinstance(words, str) else words())


def tick(element: Locator) -> None:
    """Choose what the form is about."""
    for field in fields_of(element):
        if field.get_attribute("type") == "checkbox":
            field.check()


def fields_of(element: Locator) -> list[ElementHandle]:
    """Return the fields that a person sees of the element's form."""
    fields = element.evaluate_handle(FIELDS).get_properties().values()
    return [field for field in map(JSHandle.as_element, fields) if field]


def copy_of_database() -> sqlite3.Connection:
    connection.ensure_connection()
    copy = sqlite3.connect(":memory:")
    connection.connection.backup(copy)
    return copy
