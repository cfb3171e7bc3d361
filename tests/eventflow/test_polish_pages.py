"""No mail, error page or ticket in Polish has an English word that was left untranslated.

Pages: test_every_answer.py.
"""

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from eventflow.mail import Letter
from tests.support.dataset_letters import letters
from tests.support.factories import make_event, make_person, make_reservation
from tests.support.full_dataset import make_dataset
from tests.support.polish_words import left_in_letter, left_in_page, polish_words
from tickets.models import Ticket
from tickets.ticket import pdf

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_untranslated_word_is_found_wherever_it_stands():
    page = (
        '<html lang="pl"><title>Queue</title><p title="Hint">Kolejka <i>first</i> 7K4M-2QXD '
        '<b lang="en">English</b><!-- no --> last</p>'
    )
    page += '<data data-many="{n} selected" data-state="open"></data><svg aria-label="Bar"/></html>'
    assert left_in_page(page) == ["Bar", "Hint", "Queue", "first", "last", "selected"]


def test_words_of_the_catalogues_are_polish_and_those_of_their_messages_are_not():
    assert {"kolejka", "wydarzenie", "grudnia", "hasło"} <= polish_words()
    assert not {"queue", "event", "december", "password", "the", "of", "count"} & polish_words()


@pytest.fixture
def polish():
    with translation.override("pl"):
        yield


@pytest.mark.parametrize(
    "template",
    [
        *sorted(path.name for path in (settings.BASE_DIR / "templates").glob("[0-9]*.html")),
        "offline.html",
    ],
)
def test_no_error_page_leaves_english_words_in_polish(polish, template):
    page = render_to_string(template)
    assert 'lang="pl"' in page
    assert left_in_page(page) == []


ACCOUNT_LETTERS = sorted(
    path.stem for path in (settings.BASE_DIR / "templates/mail/account").glob("*.txt")
)


@pytest.mark.parametrize("url", ["https://example.org/x/", ""])
@pytest.mark.parametrize("name", ACCOUNT_LETTERS)
def test_no_letter_about_an_account_leaves_english_words_in_polish(polish, name, url):
    facts = {
        "person": make_person("Μάγια Δούκα"),
        "url": url,
        "days": 3,
        "email": "somebody@example.org",
        "password_reset_url": url,
    }
    letter = Letter.render(f"account/{name}", facts)
    assert letter.subject and letter.text
    assert left_in_letter(letter) == []


def test_no_letter_about_an_event_leaves_english_words_in_polish(polish):
    for build in letters(make_dataset()):
        letter = build()
        assert letter and letter.text
        assert left_in_letter(letter) == [], build


def test_paper_ticket_leaves_no_english_words_in_polish(polish):
    event = make_event(title="Νύχτα", location="Αθήνα", organizer=make_person("Παύλος Λέκκας"))
    reservation = make_reservation(event, make_person("Μάγια Δούκα"), status="confirmed")
    ticket = Ticket.objects.select_related("event__organizer", "reservation__person").get(
        reservation=reservation
    )
    page = render_to_string("tickets/pdf/ticket.html", pdf.facts(ticket))
    assert "Wydano" in page
    assert left_in_page(page) == []
