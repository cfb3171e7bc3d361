"""Sends the site's forms as a browser without a script does, but without a browser: from the HTML.

What the HTML hides is hidden here, too, and cannot be pressed; no stylesheet is read.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from lxml.html import HtmlElement

from tests.browser.forms import CHOSEN, FORMS, Fields, FormSteps, buttons_of, key_of
from tests.support.forms import ENGLISH, value_in
from tests.support.markup import has_class, tree

HIDDEN = (
    "ancestor-or-self::*[@hidden or self::template or self::dialog[not(@open)] or self::script "
    f"or {has_class('visually-hidden')}]"
)
# The elements of visibility.FEEDBACK and of forms.ERRORS.
WRONG = f"{has_class('field__error')} or {has_class('result')} or @role = 'alert'"
FEEDBACK = (
    f"//*[{WRONG} or {has_class('toast')} or {has_class('notice')} or self::h1 "
    "or @role = 'status' or @aria-live or @data-focus]"
)
ERRORS = f"//*[{WRONG} or ({has_class('toast')} and @data-kind = 'error')]"
ORIGIN = {"Origin": "http://testserver"}


class FormClient:
    """Sends forms without a script, each on the data as it was at first."""

    scripted = False

    def __init__(self, sessions: dict[str, str], before: sqlite3.Connection) -> None:
        self.sessions, self.before = sessions, before
        self.client = Client(enforce_csrf_checks=True, headers=ENGLISH)

    def start(self, steps: FormSteps) -> None:
        """Restore the data as it was at first, and open the page of the steps as their person."""
        self.before.backup(connection.connection)
        self.client.cookies.clear()
        if session := self.sessions.get(steps.who):
            self.client.cookies[settings.SESSION_COOKIE_NAME] = session
        self.show(self.client.get(steps.path, follow=True))

    def show(self, answer: Any) -> None:
        self.address, self.page = answer.wsgi_request.get_full_path(), tree(answer)

    def press(self, key: str, typed: Fields | None) -> bool:
        """Send the first form of this name that can be sent, with these texts or empty.

        Returns whether there was one.
        """
        for form, button, address in self.senders().get(key, []):
            if not (form if button is None else button).xpath(f"{HIDDEN} | self::*[@disabled]"):
                sent = dict(fields_of(self.page, form, typed))
                if button is None:
                    self.show(self.client.get(address, sent, follow=True))
                else:
                    pressed = {button.get("name"): button.get("value", "")}
                    sent |= pressed if button.get("name") else {}
                    self.show(self.client.post(address, sent, follow=True, headers=ORIGIN))
                return True
        return False

    def senders(self) -> dict[str, list[tuple[HtmlElement, HtmlElement | None, str]]]:
        """Return {form: what sends it, as (form, button, address)} of the page as it is now."""
        found = defaultdict(list)
        for form in self.page.xpath(FORMS):
            action = form.get("action") or self.address
            if (form.get("method") or "get").lower() == "get":
                found[key_of("get", action)].append((form, None, action))
                continue
            for button in buttons_of(form):
                address = button.get("formaction") or action
                key = key_of("post", address, button.get("name"), button.get("value"))
                found[key].append((form, button, address))
        return found

    def shows(self, sentence: str) -> bool:
        """Whether the sentence stands where a page says what became of a press."""
        return sentence in self.text(FEEDBACK)

    def shows_an_error(self) -> bool:
        return bool(self.text(ERRORS))

    def text(self, path: str = "//body") -> str:
        """The text below the elements at this XPath that is not hidden, with single spaces."""
        pieces = self.page.xpath(f"{path}//text()[not(parent::*[{HIDDEN}])]")
        return " ".join(" ".join(pieces).replace("\u2060", " ").split())

    def describe(self) -> str:
        return f"{self.address}: {self.text()}"


def fields_of(
    page: HtmlElement, form: HtmlElement, typed: Fields | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield (name, values) of what the form sends with all boxes ticked and these texts, or empty.

    The texts go into empty fields only, as a person types them.
    """
    elements = form.xpath(
        ".//*[self::input or self::select or self::textarea][not(@form)]"
        " | //*[not(self::button)][@form = $name]",
        name=form.get("id") or "",
    )
    sent = defaultdict(list)
    for element in elements:
        name, kind = element.get("name"), element.get("type", "text")
        is_chosen = kind != "radio" or element.get("checked") is not None
        if name and is_chosen and kind not in {"submit", "button"} and not is_disabled(element):
            sent[name].append(text_for(element, name, kind, typed))
    yield from sent.items()


def is_disabled(element: HtmlElement) -> bool:
    return bool(element.xpath("ancestor-or-self::*[@disabled]"))


def text_for(element: HtmlElement, name: str, kind: str, typed: Fields | None) -> str:
    """What this field holds once these texts are typed, or its text is removed."""
    is_typed = element.tag != "select" and kind != "hidden" and kind not in CHOSEN
    kept = element.get("value") or ""
    if element.tag == "textarea":
        kept = (element.text or "").removeprefix("\n")
    if not is_typed:
        return str(value_in(element, kind)) if kind != "hidden" else kept
    if typed is None:
        return ""
    text = typed.get(name, "")
    return kept or (text if isinstance(text, str) else text())
