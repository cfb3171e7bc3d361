"""Every page, and every answer of its buttons, is looked at by every check of words and forms.

One walk for all checks, because it takes hundreds of requests. It is in Polish, and its rows have
texts that are hard to show (`hard_texts.SURROUNDING`) beside Greek ones. Letters, paper and long
texts: test_polish_pages.py, test_text_direction.py, test_any_text.py.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import get_resolver, reverse
from lxml.html import HtmlElement

from eventflow.core.form_drafts import DRAWN_FOR, signer
from eventflow.core.text_direction import without_controls
from tests.support.dataset_visits import TITLE_SHOWN, open_page, visits
from tests.support.full_dataset import Dataset, make_dataset
from tests.support.hard_texts import COMPARED, SURROUNDING, surround_every_text
from tests.support.markup import tree
from tests.support.polish_words import left_in_english, texts_of_page
from tests.support.turned_text import HEBREW, turned

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HTMX = {"HX-Request": "true"}
# Addresses that answer with no page of their own.
SILENT = {
    "events:calendar",
    "events:duplicate",
    "tickets:export_csv",
    "tickets:export_xlsx",
    "tickets:ticket_pdf",
    "tickets:ticket_qr",
    "tickets:gate_qr",
    "tickets:sample",
    "tickets:device",
    "tickets:readings",  # its sentences are the door's
    "tickets:guest_list",
    "tickets:door_worker",
    "tickets:door_manifest",
    "tickets:arrivals",  # what events:live shows
    "tickets:card",  # what events:detail shows
    "accounts:set_language",
    "accounts:None",  # older addresses of pages that have a name
    "account_confirm_email",
    "account_set_password",  # nobody here is without one
    "account_confirm_login_code",  # switched off
    "mfa_authenticate",  # where account_login leads those with an app
    "mfa_download_recovery_codes",
}


@pytest.fixture
def dataset() -> Dataset:
    dataset = make_dataset()
    surround_every_text(*SURROUNDING)
    for event in dataset["events"].values():
        event.refresh_from_db()
    return dataset


# --- Checks: each returns what is wrong with this answer ------------------------------------------


def taken_for_markup(answer: Any, page: HtmlElement) -> list[str]:
    """Text of people that is an element, or is escaped twice."""
    wrong = [text for text in ("<b>{{", "&amp;lt;b", "&amp;amp;#38;") if text in answer.text]
    return wrong + ["an element <b>"] * bool(page.xpath("//b"))


def limits_of_fields(_answer: Any, page: HtmlElement) -> list[str]:
    """Fields that the browser cuts; a text that is too long must come back whole."""
    fields = page.xpath("//input[@maxlength] | //textarea[@maxlength]")
    return [field.get("name") for field in fields if field.get("name") not in COMPARED]


def forms_for_nobody(answer: Any, page: HtmlElement) -> list[str]:
    """Forms that don't name the person whom the page was rendered for.

    The browser knows a form again by its first fields, so the person stands there too.
    """
    person = answer.wsgi_request.user.pk
    wrong = []
    for form in posted_forms(page) if person else ():
        marks = form.xpath(f".//input[@name='{DRAWN_FOR}']")
        owners = [signer.unsign(mark.get("value")) for mark in marks]
        if (owners, form.xpath(".//@name")[0]) != ([str(person)], f"of-{person}"):
            wrong.append(form.get("action"))
    return wrong


def posted_forms(page: HtmlElement) -> list[HtmlElement]:
    """The forms of a page, beside the choice of a language, which is the same for everybody."""
    forms = page.xpath("//form[translate(@method, 'POST', 'post') = 'post']")
    return [form for form in forms if form.get("action") != reverse("accounts:set_language")]


def turned_texts(_answer: Any, page: HtmlElement) -> list[str]:
    return turned(page)


def english_words(_answer: Any, page: HtmlElement) -> list[str]:
    return left_in_english(texts_of_page(page))


# The last two take out of the page what they don't look at.
CHECKS: dict[str, Callable[[Any, HtmlElement], list[str]]] = {
    "text that is taken for markup": taken_for_markup,
    "fields that the browser cuts": limits_of_fields,
    "forms for nobody": forms_for_nobody,
    "text that turns others": turned_texts,
    "words in English": english_words,
}


# --- The walk -------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_every_answer_passes_every_check(dataset, headers, subtests):
    found: dict[str, dict[str, Any]] = {name: {} for name in CHECKS}
    seen: dict[str, set[Any]] = {kind: set() for kind in ("turning", "quoting", "title", "forms")}
    title = shown(dataset["events"]["open"].title)
    for visit in visits(dataset):
        if headers and not visit[-1]:
            continue
        answer = open_page(dataset, "pl", *visit, headers)
        assert answer.status_code < 500, visit
        if "text/html" not in answer["Content-Type"] or not answer.content:
            continue
        page = tree(answer)
        note(seen, visit[1], answer, page, title)
        for name, check in CHECKS.items():
            for fault in check(answer, page):
                found[name].setdefault(fault, visit)
    for name, faults in found.items():
        with subtests.test(name):
            assert faults == {}
    few = 15 if headers else 50
    assert all(len(seen[kind]) > few for kind in ("turning", "quoting", "forms"))
    assert headers or seen["title"] >= TITLE_SHOWN


def shown(text: str) -> str:
    """The text as a page shows it, without what only sets its direction."""
    return " ".join(without_controls(text).split())


def note(seen: dict[str, set[Any]], view: str, answer: Any, page: HtmlElement, title: str) -> None:
    """Note what this answer has, so that a walk that sees too little fails."""
    if HEBREW in answer.text:
        seen["turning"].add(view)
    if "λόγια" in answer.text:
        seen["quoting"].add(view)
    if title in shown("".join(page.itertext())):
        seen["title"].add(view)
    seen["forms"] |= {form.get("action") for form in posted_forms(page)}


def ours(patterns: Any, prefix: str = "") -> Iterator[str]:
    """The names of every address of accounts, events and tickets."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from ours(pattern.url_patterns, inner)
        elif prefix in {"accounts:", "events:", "tickets:"} or (
            not prefix and str(pattern.name).startswith(("account_", "mfa_"))
        ):
            yield f"{prefix}{pattern.name}"


def test_walk_visits_every_page(dataset):
    visited = {view for _, view, *_ in visits(dataset)}
    assert {*ours(get_resolver().url_patterns)} == visited | SILENT
