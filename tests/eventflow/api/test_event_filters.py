"""The filters of the public list against what anybody may type into an address."""

from typing import Any

import pytest

from tests.eventflow.api.clients import Api, errors, refused, rows
from tests.support.factories import make_admin, make_event, make_organizer, make_person

pytestmark = [pytest.mark.both, pytest.mark.django_db]
FILTERS = [
    "q",
    "location",
    "organizer",
    "start_time",
    "start_after",
    "start_before",
    "past",
    "page",
    "page_size",
]
NASTY = {
    "empty": "",
    "a space": " ",
    "null": "\x00",
    "null inside": "a\x00b",
    "huge": str(10**30),
    "endless": "9" * 5000,
    "negative": "-1",
    "a fraction": "1.5",
    "not a number": "NaN",
    "infinite": "1e400",
    "arabic digits": "٣",
    "a superscript": "²",
    "long": "ż" * 5000,
    "a regular expression": "(((((.*)*)*)*)*$",
    "broken expression": "[",
    "a backslash": "\\",
    "a wildcard": "%_",
    "a quote": "'; drop table events_event; --",
    "direction": "\u202e\u0000",
    "the last day": "9999-12-31",
    "the first day": "0001-01-01",
    "the last moment": "9999-12-31T23:59:59.999999-23:59",
    "the first moment": "0001-01-01T00:00:00+23:59",
    "no such day": "2030-02-30",
    "no such hour": "2030-06-01T25:00:00Z",
    "a skipped hour": "2030-03-31T02:30:00",
    "a repeated hour": "2030-10-27T02:30:00",
    "no such offset": "2030-06-01T00:00:00+99:99",
    "a space for the plus": "2030-06-01T00:00:00 02:00",
    "a list": "[1, 2]",
    "an object": "{}",
}


@pytest.mark.parametrize("name", FILTERS)
def test_filter_works_or_is_refused_by_name(subtests, name):
    make_event(title="Secret draft", status="draft")
    for kind, value in NASTY.items():
        query: dict[str, Any] = {name: value}
        with subtests.test(kind):
            answer = Api().get("/events/", **query)
            if answer.status_code == 400:
                assert errors(answer).keys() == {name}
            elif answer.status_code == 404:
                assert (name, refused(answer)) == ("page", (404, "not_found"))
            else:
                assert rows(answer) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("q", ["null", "null inside", "long", "endless", "direction"]),
        (
            "organizer",
            [
                "null",
                "huge",
                "endless",
                "negative",
                "a fraction",
                "not a number",
                "infinite",
                "a superscript",
                "a list",
                "long",
            ],
        ),
        (
            "start_after",
            [
                "null",
                "huge",
                "the last day",
                "the first day",
                "the last moment",
                "the first moment",
                "no such day",
                "no such hour",
            ],
        ),
        ("start_before", ["no such offset", "arabic digits", "long", "an object"]),
        ("past", ["null", "huge", "long", "a list"]),
    ],
)
def test_filter_with_an_impossible_value_is_refused(name, values):
    for value in values:
        query: dict[str, Any] = {name: NASTY[value]}
        assert errors(Api().get("/events/", **query)).keys() == {name}, value


def test_filter_errors_name_every_wrong_parameter():
    wrong: dict[str, Any] = {"organizer": "x", "start_time": "x", "past": "x", "q": "\x00"}
    assert errors(Api().get("/events/", **wrong)).keys() == wrong.keys()


def test_filter_by_words_knows_no_patterns():
    event = make_event(title="100% [Druk] (a.b) x_y")
    make_event(title="Something else")
    for words in ("100%", "[druk]", "(A.B)", "a-b", "x_y"):  # signs stand for a space
        assert [row["id"] for row in rows(Api().get("/events/", q=words))] == [event.pk], words
    for words in (".*", "axb", "^", "%", "_"):
        assert rows(Api().get("/events/", q=words)) == [], words


@pytest.mark.parametrize("letters", ["ąćęłńóśźż", "ĄĆĘŁŃÓŚŹŻ", "acelnoszz"])
@pytest.mark.parametrize("where", ["title", "description", "location"])
def test_polish_letters_are_found_in_either_case_and_without_marks(letters, where):
    texts = ("x ąćęłńóśźż", "ĄĆĘŁŃÓŚŹŻ x", "Ąćęłńóśźż", "acelnoszz")
    found = {make_event(**{where: text}).pk for text in texts}
    make_event(title="Something else")
    assert {row["id"] for row in rows(Api().get("/events/", q=letters))} == found


def test_lists_show_an_organizer_only_their_own_rows():
    mine = make_organizer("Łucja Ćwik")
    make_event(organizer=mine, title="Open to all")
    for status in ("draft", "cancelled"):
        make_event(title=f"Secret {status}", location="Secret cellar", status=status)
    shown = {
        "/events/": ["Open to all"],
        "/events/organizer/my-events-list/": ["Open to all"],
        "/events/organizer/metrics/": ["Open to all"],
    }
    for path, titles in shown.items():
        assert [row["title"] for row in rows(Api(mine).get(path))] == titles
    queries: list[dict[str, Any]] = [{"q": "secret"}, {"location": "cellar"}, {"past": "true"}]
    for caller in (None, make_person(), mine, make_admin()):
        for query in queries:
            assert rows(Api(caller).get("/events/", **query)) == []
