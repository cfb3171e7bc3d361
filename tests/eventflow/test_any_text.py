"""Any text of a person passes every mail, calendar entry and guest list as text.

Pages: test_every_answer.py; how they look with it: browser/test_every_page.py. Paper: test_pdf.py.
"""

import csv
import io
import zipfile
from email import message_from_bytes, policy
from inspect import get_annotations
from xml.etree import ElementTree

import pytest
from django.db import transaction
from django.http import HttpResponse
from icalendar import Calendar

import events.mails
from eventflow.core.text import nfc
from eventflow.core.text_direction import isolated, without_controls
from eventflow.mail import Letter
from events.calendar import event_calendar
from events.models import Event
from tests.support.dataset_letters import letters
from tests.support.dataset_visits import TITLE_SHOWN, open_page, visits
from tests.support.full_dataset import make_dataset
from tests.support.hard_texts import TEXTS, TOGETHER, fill_every_text
from tests.support.markup import tree
from tickets import mails
from tickets.models import Reservation
from tickets.queue import export

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MARKUP = TEXTS["markup"]


def as_sent(letter):
    return message_from_bytes(
        letter.as_message(to="maja@example.org", message_id="<1@example.org>").message().as_bytes(),
        policy=policy.default,
    )


def parts_of(message):
    return {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}


def test_every_mail_carries_any_text(subtests):
    dataset = make_dataset()
    for name, text in TOGETHER.items():
        with subtests.test(name), transaction.atomic():
            fill_every_text(text)
            assert_mails_carry_texts(dataset)
            transaction.set_rollback(True)


def assert_mails_carry_texts(dataset):
    title = isolated(" ".join(Event.objects.first().title.split()))
    place = without_controls(Event.objects.first().location)
    for build in letters(dataset):
        letter = build()
        assert letter
        message = as_sent(letter)
        assert "\n" not in message["Subject"] and (
            title in message["Subject"] or title in letter.text
        )
        assert all(len(line) <= 998 for line in message.as_bytes().splitlines())
        parts = parts_of(message)
        assert {
            part.get_content_charset() for kind, part in parts.items() if kind.startswith("text/")
        } == {"utf-8"}
        # Escaped once: what stands there as text is what was written, and nothing of it is an
        # element.
        page = tree(HttpResponse(parts["text/html"].get_content()))
        written = without_controls(title) if build.func is mails.organizer_news else place
        for words in (parts["text/plain"].get_content(), "".join(page.itertext())):
            assert written in without_controls(words)
        if "text/calendar" in parts:
            entry = Calendar.from_ical(parts["text/calendar"].get_content()).events[0]
            assert entry["SUMMARY"] == without_controls(Event.objects.first().title)


def test_calendar_entry_and_guest_lists_carry_any_text(subtests):
    event = make_dataset()["events"]["confirmed"]
    for name, text in TEXTS.items():
        with subtests.test(name), transaction.atomic():
            fill_every_text(text)
            event.refresh_from_db()
            assert_carried_whole(event)
            transaction.set_rollback(True)


def assert_carried_whole(event):
    """The event's calendar entry and guest lists have what was written, and nothing else."""
    entry = Calendar.from_ical(event_calendar(event)).events[0]
    assert (str(entry["SUMMARY"]), str(entry["LOCATION"])) == (
        without_controls(event.title),
        without_controls(event.location),
    )
    row = csv.reader(
        io.StringIO("".join(export.csv_lines(event)).removeprefix("\ufeff"), newline="")
    )
    next(row)
    person = Reservation.objects.filter(event=event).in_queue_order()[0].person
    assert next(row)[:3] == [
        export.harmless(part) for part in (person.last_name, person.first_name, person.email)
    ]
    assert words_of_xlsx(event)[:2] == [person.last_name, person.first_name]


def test_every_mail_about_an_event_is_among_them():
    built = {build.func.__name__ for build in letters(make_dataset())}
    builders = {
        name
        for module in (mails.guests, mails.organizers, events.mails)
        for name, function in vars(module).items()
        if getattr(function, "__module__", "") == module.__name__
        and get_annotations(function).get("return") == Letter | None
    }
    assert builders - built == set() and len(builders) > 8


def words_of_xlsx(event):
    """The cells of the first guest; none of them is a formula."""
    sheet = ElementTree.fromstring(
        zipfile.ZipFile(export.xlsx_file(event)).read("xl/worksheets/sheet1.xml")
    )
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert not list(sheet.iter(f"{space}f"))
    return ["".join(cell.itertext()) for cell in [*sheet.iter(f"{space}row")][1].iter(f"{space}c")]


def test_every_page_shows_long_texts():
    """Any other text: test_every_answer.py."""
    dataset = make_dataset()
    fill_every_text(*(TEXTS[name] for name in ("a long word", "a link", "an address")))
    title = Event.objects.first().title
    showing, opened = set(), set()
    for visit in visits(dataset):
        _who, view, _what, asked = visit
        if view in opened or not isinstance(asked, str):
            continue
        response = open_page(dataset, "en", *visit, {})
        assert response.status_code < 500, visit
        opened.add(view)
        if title in without_controls("".join(tree(response).itertext())):
            showing.add(view)
    assert len(opened) > 35
    assert showing >= TITLE_SHOWN


def test_hard_texts_have_the_letters_of_their_names():
    assert TEXTS["decomposed"] != nfc(TEXTS["decomposed"]) and len(TEXTS["a long word"]) >= 200
