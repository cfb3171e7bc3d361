"""No page and no mail in Polish has an English word that was left untranslated."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import get_resolver
from django.utils import translation

from eventflow.mail import Letter
from tests.support.dataset_letters import letters
from tests.support.dataset_visits import open_page, visits
from tests.support.full_dataset import make_dataset
from tests.support.markup import tree
from tickets.models import Ticket
from tickets.ticket import pdf

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# Words that are both Polish and English, and names.
SHARED = {
    "EventFlow",
    "QR",
    "PDF",
    "CSV",
    "XLSX",
    "HTML",
    "EMAIL",
    "HOST",
    "Menu",
    "Weekend",
    "Parking",
    "PIN",
    "My",
    "Role",
    "role",
    "program",
    "link",
    "mail",
    "To",
    "to",
    "do",
    "go",
    "same",
}
# Addresses, time zones, the codes of tickets, and what a script puts something else for.
NO_WORDS = re.compile(r"\{[a-z-]+\}|\S+@\S+|\S+/\S*|\b[0-9A-Z]{4}[-‑][0-9A-Z]{4}\b")
LATIN_WORD = re.compile(r"\b[A-Za-z][^\W\d_]+")
SPOKEN = ["aria-label", "aria-description", "placeholder", "title", "alt", "label"]


@pytest.fixture
def dataset():
    return make_dataset()


# --- Reading --------------------------------------------------------------------------------------


def words_of_page(markup: str) -> set[str]:
    """Every word that somebody sees or hears, also those that a script will show."""
    return words_of(texts_of_page(markup))


def texts_of_page(markup: str) -> list[str]:
    """Every text that somebody sees or hears, also those that a script will show."""
    page = tree(HttpResponse(markup))
    for silent in page.xpath(
        "//script | //style | //*[@lang and not(self::html)] | //select[@name='time_zone' or "
        "@name='language']"
    ):
        silent.drop_tree()
    for place_to_break in page.xpath("//wbr"):
        place_to_break.drop_tag()
    spoken = [value for name in SPOKEN for value in page.xpath(f"//@{name}")]
    # What a script will put on the page stands in data attributes: a value with a space is words.
    kept = [
        value
        for value in page.xpath("//@*[starts-with(name(), 'data-')]")
        if " " in value.strip() and not value.startswith('{"')
    ]
    return [*page.xpath("//text()"), *spoken, *kept]


def words_of(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in LATIN_WORD.findall(NO_WORDS.sub(" ", text))}


def forgotten(english: set[str], polish: set[str]) -> list[str]:
    return sorted((english & polish) - SHARED)


def test_untranslated_word_is_found_wherever_it_stands():
    page = (
        '<html lang="pl"><title>Queue</title><p title="Hint">Kolejka <i>first</i> 7K4M-2QXD '
        '<b lang="en">English</b><!-- no --> last</p>'
    )
    page += '<data data-many="{n} selected" data-state="open"></data><svg aria-label="Bar"/></html>'
    assert forgotten(words_of_page(page), words_of_page(page)) == [
        "Bar",
        "Hint",
        "Kolejka",
        "Queue",
        "first",
        "last",
        "selected",
    ]


# --- Pages ----------------------------------------------------------------------------------------

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


def left_in_polish(dataset, visit, headers, compared):
    """The English words that this visit's answer still has in Polish.

    `compared`: {(view, text)} of the answers before. One that says nothing new is not asked for in
    Polish again.
    """
    who, view, what, asked = visit
    english = open_page(dataset, "en", who, view, what, asked, headers)
    said = {(view, text) for text in texts_of_page(english.text)} if english.text else set()
    if said <= compared:
        return []
    compared |= said
    polish = open_page(dataset, "pl", who, view, what, asked, headers)
    assert english.status_code == polish.status_code
    return forgotten(words_of_page(english.text), words_of_page(polish.text)) if polish.text else []


def where(dataset, visited, headers):
    """{forgotten word: the first visit that met it}."""
    found: dict[str, Any] = {}
    compared: set[tuple[str, str]] = set()
    for visit in visited:
        for word in left_in_polish(dataset, visit, headers, compared):
            found.setdefault(word, visit)
    return found


def test_no_page_leaves_english_words_in_polish(dataset):
    assert where(dataset, visits(dataset), {}) == {}


def test_no_answer_to_htmx_leaves_english_words_in_polish(dataset):
    assert where(dataset, (visit for visit in visits(dataset) if visit[-1]), HTMX) == {}


def ours(patterns, prefix=""):
    """The names of every address of accounts, events and tickets."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from ours(
                pattern.url_patterns,
                f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix,
            )
        elif prefix in {"accounts:", "events:", "tickets:"} or (
            not prefix and str(pattern.name).startswith(("account_", "mfa_"))
        ):
            yield f"{prefix}{pattern.name}"


def test_walk_visits_every_page(dataset):
    assert (
        set(ours(get_resolver().url_patterns)) == {view for _, view, *_ in visits(dataset)} | SILENT
    )


# --- Pages without an address, mails, paper -------------------------------------------------------


def in_both(render):
    """What `render` makes of the same in each language."""
    both = []
    for language in ("en", "pl"):
        with translation.override(language):
            both.append(render())
    return both


@pytest.mark.parametrize(
    "template",
    [
        *sorted(path.name for path in (settings.BASE_DIR / "templates").glob("[0-9]*.html")),
        "offline.html",
    ],
)
def test_no_error_page_leaves_english_words_in_polish(template):
    english, polish = in_both(lambda: render_to_string(template))
    assert words_of_page(polish) - SHARED
    assert forgotten(words_of_page(english), words_of_page(polish)) == []


def words_of_letter(letter: Letter) -> set[str]:
    return words_of([letter.subject, letter.text]) | words_of_page(letter.html)


ACCOUNT_LETTERS = sorted(
    path.stem for path in (settings.BASE_DIR / "templates/mail/account").glob("*.txt")
)


@pytest.mark.parametrize("url", ["https://example.org/x/", ""])
@pytest.mark.parametrize("name", ACCOUNT_LETTERS)
def test_no_letter_about_an_account_leaves_english_words_in_polish(dataset, name, url):
    facts = {
        "person": dataset["people"]["guest"],
        "url": url,
        "days": 3,
        "email": "somebody@example.org",
        "password_reset_url": url,
    }
    english, polish = in_both(lambda: Letter.render(f"account/{name}", facts))
    assert words_of([polish.subject]) and words_of([polish.text])
    assert forgotten(words_of_letter(english), words_of_letter(polish)) == []


def test_no_letter_about_an_event_leaves_english_words_in_polish(dataset):
    for build in letters(dataset):
        english, polish = in_both(build)
        assert forgotten(words_of_letter(english), words_of_letter(polish)) == []
        assert polish.text


def test_paper_ticket_leaves_no_english_words_in_polish(dataset):
    ticket = Ticket.objects.select_related("event__organizer", "reservation__person").get(
        reservation=dataset["reservations"]["confirmed"]
    )
    english, polish = in_both(
        lambda: render_to_string("tickets/pdf/ticket.html", pdf.facts(ticket))
    )
    assert "Wydano" in words_of_page(polish)
    assert forgotten(words_of_page(english), words_of_page(polish)) == []
