"""Text from right to left, or with control characters, turns no text around it.

Pages: test_every_answer.py.
"""

import pytest
from django.http import HttpResponse
from lxml import html

from eventflow.core.text_direction import isolated, without_controls
from tests.support.dataset_letters import letters
from tests.support.full_dataset import make_dataset
from tests.support.hard_texts import fill_every_text
from tests.support.markup import tree
from tests.support.turned_text import HEBREW, ISOLATED, TURNING, turned

pytestmark = [pytest.mark.django_db, pytest.mark.once]


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


def test_mail_keeps_its_direction_with_any_text():
    dataset = make_dataset()
    fill_every_text(TURNING)
    for build in letters(dataset):
        letter = build()
        assert letter
        assert turned(tree(HttpResponse(letter.html))) == []
        for line in [letter.subject, *letter.text.splitlines()]:
            # The organizer's own words are paragraphs of their own.
            assert HEBREW not in line or ISOLATED.search(line) or line == TURNING, line
