"""The Polish catalogue is complete, equals its compiled form and has right plural forms."""

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from gettext import GNUTranslations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django
import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from events.templatetags.event_parts import live_words
from tests.support.matching import first_match
from tickets.templatetags.queue_parts import selected_forms

ROOT = settings.BASE_DIR
PO = ROOT / "locale/pl/LC_MESSAGES/django.po"
DJANGOS = Path(django.__file__).parent / "conf/locale/pl/LC_MESSAGES/django.mo"
SOURCES = ["accounts", "eventflow", "events", "tickets", "templates"]
CHANGED = "Run bin/translate, fill in what it left empty in the .po, run it again."


class Catalogue(GNUTranslations):
    """The messages that the standard library has read; it shows them in no other way."""

    _catalog: dict[str | tuple[str, int], str]


def read(compiled: Path) -> dict[tuple[str, str], dict[int, str]]:
    """{(context, message): {plural form: translation}} of a .mo.

    A message without plural has the form 0 only.
    """
    with compiled.open("rb") as file:
        entries = Catalogue(file)._catalog
    found: dict[tuple[str, str], dict[int, str]] = {}
    for key, text in entries.items():
        message, form = key if isinstance(key, tuple) else (key, 0)
        context, _, words = message.rpartition("\x04")
        if words:  # the empty one is the header
            found.setdefault((context, words), {})[form] = text
    return found


def gettext(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """What the .po says now. msgfmt leaves out what is empty or fuzzy, as Django does."""
    target = tmp_path_factory.mktemp("compiled") / "django.mo"
    gettext("msgfmt", "--output-file", target, PO)
    return read(target)


@pytest.fixture(scope="module")
def in_sources(tmp_path_factory):
    """The messages of the present sources, by the command of `bin/translate`, in another folder."""
    folder = tmp_path_factory.mktemp("sources")
    # A copy: makemessages puts a file beside each template for a moment, and the other stack looks
    # through the same folder.
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "locale").mkdir()
    makemessages = ["makemessages", "--locale", "en", "--extension", "py,html,txt"]
    django_admin = str(Path(sys.executable).with_name("django-admin"))
    subprocess.run(
        [sys.executable, django_admin, *makemessages],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        check=True,
        capture_output=True,
        text=True,
    )
    gettext(
        "msgen", "--output-file", folder / "english.po", folder / "locale/en/LC_MESSAGES/django.po"
    )
    gettext("msgfmt", "--output-file", folder / "english.mo", folder / "english.po")
    return read(folder / "english.mo")


# --- The catalogue --------------------------------------------------------------------------------


@pytest.mark.process("gettext is a command")
def test_everything_in_the_sources_is_translated(compiled, in_sources):
    assert len(in_sources) > 500
    assert sorted(in_sources.keys() - compiled.keys()) == [], CHANGED


@pytest.mark.process("gettext is a command")
def test_catalogue_holds_no_message_that_the_sources_have_dropped(compiled, in_sources):
    assert sorted(compiled.keys() - in_sources.keys()) == [], CHANGED


@pytest.mark.process("gettext is a command")
def test_compiled_catalogue_equals_its_source(compiled):
    assert read(PO.with_suffix(".mo")) == compiled, CHANGED


@pytest.mark.process("gettext is a command")
def test_message_with_a_plural_has_all_four_forms(compiled, in_sources):
    several = {message for message, forms in in_sources.items() if len(forms) > 1}
    assert {message: sorted(compiled[message]) for message in several} == {
        message: [0, 1, 2, 3] for message in several
    }


PLACE = re.compile(r"%\(\w+\)[ds]|%[ds]|\{\w*\}|</?\w+[^>]*>|https?://\S+")


def places(text: str) -> list[str]:
    return sorted(PLACE.findall(text))


@pytest.mark.process("gettext is a command")
def test_placeholders_and_markup_are_the_same_in_every_form(compiled, in_sources):
    wrong = dict[tuple[Any, int], str]()
    for message, english in in_sources.items():
        # The form for one may leave the number out, in either language.
        allowed = [places(text) for text in english.values()]
        wrong |= {
            (message, form): text
            for form, text in compiled.get(message, {}).items()
            if places(text) not in allowed or (form and places(text) != allowed[-1])
        }
    assert wrong == {}


# --- Numbers --------------------------------------------------------------------------------------


def in_polish(template: str, n: object) -> str:
    with translation.override("pl"):
        return Template(template).render(Context({"n": n}))


SPOTS = {
    0: "wolnych miejsc",
    1: "wolne miejsce",
    2: "wolne miejsca",
    5: "wolnych miejsc",
    12: "wolnych miejsc",
    21: "wolnych miejsc",
    22: "wolne miejsca",
}
PEOPLE = {
    0: "osób czeka",
    1: "osoba czeka",
    2: "osoby czekają",
    5: "osób czeka",
    12: "osób czeka",
    21: "osób czeka",
    22: "osoby czekają",
}


@pytest.mark.parametrize(("name", "words"), [("spots-left", SPOTS), ("pending", PEOPLE)])
def test_words_after_a_live_number_agree_with_it(name, words):
    with translation.override("pl"):
        spans = {number: live_words(name, number) for number in words}
    assert {
        number: span.partition(">")[2].removesuffix("</span>") for number, span in spans.items()
    } == words


@pytest.mark.parametrize(("name", "words"), [("spots-left", SPOTS), ("pending", PEOPLE)])
def test_live_number_brings_the_forms_that_the_browser_asks_for(name, words):
    with translation.override("pl"):
        span = live_words(name, 7)
    # The categories of Intl.PluralRules("pl"), by CLDR.
    forms = {"one": words[1], "few": words[2], "many": words[5]}
    assert {form: first_match(f'data-{form}="([^"]*)"', span)[1] for form in forms} == forms


def test_count_of_ticked_rows_keeps_its_place_for_the_number():
    with translation.override("pl"):
        forms = re.findall(r'data-(\w+)="([^"]*)"', selected_forms())
    assert forms == [(form, "Zaznaczono: {n}") for form in ("one", "few", "many", "other")]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "Przed Tobą jest 1 osoba."),
        (2, "Przed Tobą są 2 osoby."),
        (5, "Przed Tobą jest 5 osób."),
        (12, "Przed Tobą jest 12 osób."),
        (23, "Przed Tobą są 23 osoby."),
    ],
)
def test_sentences_with_a_number_take_the_polish_form(number, words):
    sentence = (
        "{% blocktranslate count people=n %}{{ people }} person is ahead of you.{% plural %}"
        "{{ people }} people are ahead of you.{% endblocktranslate %}"
    )
    assert in_polish(sentence, number) == words


# --- Dates ----------------------------------------------------------------------------------------

FRIDAY = datetime(2099, 12, 11, 18, 4, tzinfo=ZoneInfo("Europe/Warsaw"))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("day", "Piątek, 11 grudnia 2099"),
        ("without_weekday", "11 grudnia 2099"),
        ("short_day", "Pt 11 gru 2099"),
        ("short_moment", "11 gru 2099, 18:04"),
        ("clock", "18:04"),
    ],
)
def test_dates_are_written_as_in_polish(how, words):
    moment = "{% load event_parts tz %}{{ n|" + how + " }}"
    assert in_polish(moment, FRIDAY) == words


def test_catalogue_does_not_override_names_of_days_and_months():
    year = [
        datetime(2099, month, day, tzinfo=ZoneInfo("Europe/Warsaw"))
        for month in range(1, 13)
        for day in range(1, 8)
    ]
    with DJANGOS.open("rb") as file:
        theirs = GNUTranslations(file)
    for moment in year:
        for how, english in (("D", "%a"), ("l", "%A"), ("F", "%B")):
            assert in_polish("{{ n|date:'" + how + "' }}", moment) == theirs.gettext(
                moment.strftime(english)
            )
