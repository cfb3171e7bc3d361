"""Text from right to left, or with control characters, turns no text around it."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from lxml import html
from lxml.html import HtmlElement

from eventflow.core.text_direction import isolated, without_controls
from tests.support.dataset_letters import letters
from tests.support.dataset_visits import THREE_STATES, open_page, visits
from tests.support.full_dataset import make_dataset
from tests.support.hard_texts import fill_every_text
from tests.support.markup import tree

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HEBREW = "קרוא"
# Right to left, an override that is never closed, and the end of an isolate that would close ours.
TURNING = f"{HEBREW}\u2069\u202e"
CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
ISOLATED = re.compile(
    f"\u2068[^\u2066-\u2069\u202a-\u202e]*{HEBREW}[^\u2066-\u2069\u202a-\u202e]*\u2069"
)
# Where no person sees it: addresses, what is sent back, what programs read.
UNSEEN = {"href", "src", "value", "action", "formaction", "content", "hx-get", "hx-post", "hx-vals"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Night Print", "Night Print"),
        ("Zażółć — 5 €", "Zażółć — 5 €"),
        ("\u202eabc", "abc"),
        (f"{HEBREW} 5", f"\u2068{HEBREW} 5\u2069"),
        (f"a\u2069\u202e{HEBREW}", f"\u2068a{HEBREW}\u2069"),
    ],
)
def test_isolated_text_is_marked_only_where_it_runs_from_right_to_left(text, expected):
    assert isolated(text) == expected


def test_text_without_controls_keeps_every_letter_and_joiner():
    assert without_controls("a\u202e\u200d\u200fb\u2066ę") == "a\u200d\u200fbę"


def turned(page: HtmlElement) -> list[str]:
    """Every place of a page where text of people could turn the text around it, or be turned."""
    for silent in page.xpath("//script | //style | //comment()"):
        silent.drop_tree()
    texts = [text for text in page.xpath("//text()") if HEBREW in text and not stands_alone(text)]
    said = [
        f"{value.attrname}={value}"
        for value in page.xpath("//@*")
        if HEBREW in value
        and value.attrname not in UNSEEN
        and (not ISOLATED.search(value) or "\u202e" in value)
    ]
    return [*texts, *said]


def stands_alone(text) -> bool:
    """Whether the element that sets the direction holds this text alone, or it is isolated."""
    element = text.getparent() if not text.is_tail else text.getparent().getparent()
    while element is not None and element.tag != "bdi" and element.get("dir") != "auto":
        element = element.getparent()
    if element is None:
        return bool(ISOLATED.search(text)) and "\u202e" not in text
    inline = element.tag == "bdi"
    words = "".join(element.itertext())
    return not (inline and CONTROLS.search(words)) and not re.search(r"[A-Za-z]", words)


def test_text_that_changes_the_direction_of_others_is_found():
    page = (
        f'<p>By {HEBREW}</p><p title="By {HEBREW}">x</p><p dir="auto">By {HEBREW}</p>'
        f"<p>By <bdi>{HEBREW}\u202e</bdi></p>"
    )
    assert len(turned(html.fromstring(f"<body>{page}</body>"))) == 4
    page = (
        f'<p>By <bdi>{HEBREW}</bdi></p><p title="By \u2068{HEBREW}\u2069">x</p>'
        f'<p dir="auto">{HEBREW}\u202e</p><p>By \u2068{HEBREW}\u2069</p>'
    )
    assert turned(html.fromstring(f"<body>{page}</body>")) == []


@pytest.fixture
def dataset():
    dataset = make_dataset()
    fill_every_text(TURNING)
    return dataset


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_page_keeps_its_direction_with_any_text(dataset, headers):
    found, seen = dict[str, Any](), set[str]()
    for visit in visits(dataset, THREE_STATES):
        if headers and not visit[-1]:
            continue
        response = open_page(dataset, "en", *visit, headers)
        if HEBREW in response.text:
            seen.add(visit[1])
            for place in turned(tree(response)):
                found.setdefault(place, visit)
    assert found == {}
    assert len(seen) > (15 if headers else 30)


def test_mail_keeps_its_direction_with_any_text(dataset):
    for build in letters(dataset):
        letter = build()
        assert letter
        assert turned(tree(HttpResponse(letter.html))) == []
        for line in [letter.subject, *letter.text.splitlines()]:
            # The organizer's own words are paragraphs of their own.
            assert HEBREW not in line or ISOLATED.search(line) or line == TURNING, line
