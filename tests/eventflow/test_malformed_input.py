"""Input that no browser sends causes no 5xx anywhere, and leaves no broken page.

The places are read from the site itself: the routes of the resolver, with the roles that the
authorization matrix lets in; the forms of the pages; the bodies and parameters of the OpenAPI
document. Nothing that is sent stays. It is long because addresses, headers, forms and the API are
asked by the same visitors.
"""

import json
import logging
import os
import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import Resolver404, resolve
from lxml import html

from accounts.models import User
from eventflow.api.views import docs
from eventflow.core.form_drafts import DRAWN_FOR, TOKEN
from eventflow.core.request_input import InputMiddleware
from events.models import Event
from tests.eventflow import test_authorization_matrix as matrix
from tests.eventflow.api.clients import refused
from tests.eventflow.test_authorization_matrix import PEOPLE, address, lines
from tickets.models import Device, Reservation, Scan, Ticket

pytestmark = [pytest.mark.both, pytest.mark.django_db]
# Its people and what they have, each with a session and a token; and no limit on how often they
# ask.
people, staff, world = matrix.people, matrix.staff, matrix.world
keys, no_limits = matrix.keys, matrix.no_limits
HUGE = str(10**30)
# As they are written in an address: percent-encoded bytes, so that what is no UTF-8 can be said
# too.
RAW = {
    "NUL": "a%00b",
    "half a character": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "huge": HUGE,
    "endless": "9" * 5000,
    "infinite": "1e999",
    "minus nothing": "-0",
    "a digit that is none": "%C2%B2",
    "year 1": "0001-01-01T00:00:00%2B14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "no such time": "2026-13-45T99:99:99Z",
    "no address": "http://[bad",
    "nested": "[" * 3000,
    "direction": "%E2%80%AE%E2%81%A6x",
}
# What PostgreSQL and SQLite may refuse to store or to compare; for the rest it is Python that may.
CHOKING = {"NUL", "half a character", "huge", "endless", "infinite", "year 1", "year 9999"}
TYPED = ("NUL", "no UTF-8", "huge", "infinite", "year 1", "year 9999", "no such time", "direction")
IN_FORMS = {name: RAW[name] for name in TYPED}
JSON = {
    "NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "huge": HUGE,
    "endless": "9" * 5000,
    "infinite": "1e999",
    "minus infinite": "-1e999",
    "minus nothing": "-0",
    "year 1": '"0001-01-01T00:00:00+14:00"',
    "year 9999": '"9999-12-31T23:59:59-14:00"',
    "no such time": '"2026-13-45T99:99:99Z"',
    "no address": '"http://[bad"',
    "nested": "[" * 100_000 + "]" * 100_000,
    "nested objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "a list": "[1, null]",
    "an object": '{"a": 1}',
    "nothing": "null",
    "direction": '"\\u202e\\u2066x"',
}
# Whose pages have no form that those of the others lack.
ALIKE = {"other user", "other organizer", "door staff", "other staff"}
# How many forms are sent with malformed automatic fields, each of which code for all pages reads.
AUTOMATIC_ENOUGH = 3
# What our pages and Django's admin read from an address, beside the fields of forms that are sent
# by GET.
PARAMETERS = [
    "q",
    "page",
    "show",
    "state",
    "past",
    "seen",
    "next",
    "kept",
    "r",
    "after",
    "since",
    "from",
    "settled",
    "action",
    "day",
    "place",
    "role__exact",
    "o",
    "p",
    "e",
    "id__exact",
    "_changelist_filters",
    "language",
    "hl",
]
# What the pages that are opened afterwards show.
SHOWN = [User, Event, Reservation, Ticket, Scan, Device]
HEADERS = [
    "Origin",
    "Referer",
    "HX-Current-URL",
    "HX-Target",
    "HX-Trigger",
    "Accept",
    "Accept-Language",
    "X-Request-ID",
    "Cookie",
    "Authorization",
    "X-Door-Key",
    "X-Session-Token",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "Sec-Fetch-Site",
]


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@contextmanager
def without_a_trace():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def here(named):
    """The values of {name: value}; on PostgreSQL those that a database can choke on. LONG=1: all.

    What else an answer depends on is the same code on both databases.
    """
    if settings.EMBEDDED or os.environ.get("LONG"):
        return [*named.values()]
    return [value for name, value in named.items() if name in CHOKING]


def share(values, place, *, parts=4):
    """Return every fourth of the values, others for the next place.

    Neighbours share their code, so that every kind of place meets every value. LONG=1: all.
    """
    values = [*values]
    return values if os.environ.get("LONG") else values[place % parts :: parts]


def dealt(places, values):
    """Return (place, value) so that each place and each value is there. LONG=1: all pairs.

    For places of one kind, which share their code.
    """
    if os.environ.get("LONG"):
        return [(place, value) for place in places for value in values]
    turns = range(max(len(places), len(values)))
    return [(places[turn % len(places)], values[turn % len(values)]) for turn in turns]


def by_route(table):
    """{(method, thing, route): statuses} with each method of a route once, whatever the thing."""
    found = dict[Any, Any]()
    for (method, thing, route), statuses in table.items():
        found.setdefault((method, route), ((method, thing, route), statuses))
    return dict(found.values())


class Visitors:
    """Everybody of the matrix's world, each with a session or a token, in front of one handler.

    The handler is called itself, not by Django's test client: that copies the context of every
    template and loads the middleware for every request, half of the time of a small answer.
    """

    def __init__(self, things, tokens_and_cookies):
        self.world, self.keys = things, tokens_and_cookies
        self.wrong, self.seen = [], set()
        self.handler = BaseHandler()
        self.handler.load_middleware()

    def ask(self, who, method, url, body=b"", kind="", csrf=False, **headers):
        """Send it, and note down what is no answer. The caller undoes what came of it."""
        if who in self.keys and url.startswith("/api/"):
            headers.setdefault("Authorization", f"Bearer {self.keys[who][0]}")
        elif who in self.keys:
            headers.setdefault("Cookie", f"sessionid={self.keys[who][1]}")
        kind = kind or "application/octet-stream"
        request: Any = RequestFactory().generic(method.upper(), url, body, kind, headers=headers)
        request._dont_enforce_csrf_checks = not csrf
        answer: Any = self.handler.get_response(request)
        broken = answer.status_code >= 500
        if answer.streaming:
            list(answer)  # what breaks off in the middle raises here
        if url.startswith("/api/") and answer.status_code >= 400 and not broken:
            answer.json = partial(json.loads, answer.content)
            refused(answer)
        if broken:
            self.wrong.append(
                f"{answer.status_code} {who}: {method} {url[:150]} {body[:150]!r} {headers}"
            )
        return answer

    def send_form(self, who, method, url, fields):
        """The status of the answer."""
        sent = "&".join(f"{quote(name)}={value}" for name, value in fields.items())
        if method == "GET":
            return self.ask(who, "get", f"{url}?{sent}").status_code
        return self.ask(
            who, "post", url, sent.encode(), "application/x-www-form-urlencoded"
        ).status_code

    def in_turn(self, statuses):
        """Those whom the matrix lets in, and one whom it does not."""
        inside = [
            who
            for who, status in zip(PEOPLE, statuses, strict=True)
            if status not in {"login", "401", "403", "404"}
        ]
        return [*inside, next((who for who in PEOPLE if who not in inside), PEOPLE[0])]

    def look_round(self):
        """Open what shows the event to those who run it, to those at its door and to its guests.

        The event is the newest: the one just made, or else the world's own. A state that was looked
        at once is not looked at again.
        """
        stored = hash(
            repr([[*model._default_manager.order_by("pk").values_list()] for model in SHOWN])
        )
        if stored in self.seen:
            return
        self.seen.add(stored)
        event = Event.objects.latest("pk").pk
        own = f"/organizer/events/{event}/"
        for path in (
            own,
            f"{own}edit/",
            f"{own}queue/",
            f"{own}conflicts/",
            f"{own}doors/",
            f"{own}export.csv",
        ):
            self.ask("organizer", "get", path)
        self.ask("user", "get", f"/events/{event}/")
        self.ask("user", "get", "/reservations/")


@pytest.fixture
def visitors(request):
    return Visitors(request.getfixturevalue("world"), request.getfixturevalue("keys"))


def pages():
    return {
        line: statuses
        for line, statuses in lines().items()
        if line[0] == "get" and not line[2].startswith("api/")
    }


# --- addresses ------------------------------------------------------------------------------------


def test_every_page_takes_any_query_string(visitors):
    for place, ((_method, thing, route), statuses) in enumerate(by_route(pages()).items()):
        url, inside = address(route, thing, visitors.world), visitors.in_turn(statuses)
        for number, value in enumerate(share(here(RAW), place)):
            query = "&".join(f"{name}={value}" for name in PARAMETERS)
            visitors.ask(inside[number % len(inside)], "get", f"{url}?{query}")
    assert visitors.wrong == []


def test_lists_of_the_admin_take_any_filter(visitors):
    for model in (
        "accounts/user",
        "events/event",
        "tickets/reservation",
        "tickets/ticket",
        "eventflow/mail",
        "eventflow/auditentry",
    ):
        for value in share(here(RAW), len(model)):
            filters = "&".join(
                f"{name}={value}"
                for name in ("q", "p", "o", "created__gte", "role__exact", "status__exact")
            )
            visitors.ask("admin", "get", f"/admin/{model}/?{filters}")
            visitors.ask("admin", "get", f"/admin/{model}/?role__exact={value}")
    assert visitors.wrong == []


def test_every_column_of_the_admin_lists_takes_any_filter(visitors):
    lookups = {
        "DateTimeField": ("", "__gte", "__lt", "__year", "__day", "__isnull"),
        "DateField": ("", "__gte", "__year"),
    }
    kinds = defaultdict(list)
    for model in site._registry:
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for field in model._meta.concrete_fields:
            kind = field.get_internal_type()
            for lookup in lookups.get(kind, ("",)):
                kinds[kind, lookup].append(f"{url}?{field.name}{lookup}")
    assert len(kinds) > 15
    for columns in kinds.values():
        for column, value in dealt(columns, ["0001-01-01", "9999-12-31", "9999", *here(RAW)]):
            visitors.ask("admin", "get", f"{column}={value}")
    assert visitors.wrong == []


def test_every_route_takes_any_word_in_its_place(visitors):
    """Where no route takes the word, the site answers that there is no such page: once for each."""
    nowhere = set()
    for method, _thing, route in by_route(lines()):
        for value in share(here(RAW), len(route)):
            url = (
                address(route, None, visitors.world)
                .replace("/1/", f"/{value}/")
                .replace("/x/", f"/{value}/")
            )
            if value not in url or (not leads_somewhere(url) and value in nowhere):
                continue
            if not leads_somewhere(url):
                nowhere.add(value)
            with without_a_trace():
                visitors.ask("admin", method, url)
    assert visitors.wrong == []


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.once
def test_every_route_takes_any_headers(visitors):
    values = ["http://[bad", "\x00", "\xff\xfe", HUGE, "[" * 3000, "a=b; c" * 50]
    for place, ((method, thing, route), statuses) in enumerate(by_route(lines()).items()):
        url, who = address(route, thing, visitors.world), visitors.in_turn(statuses)[0]
        for number, value in share(enumerate(values), place, parts=6):
            headers = dict.fromkeys(HEADERS, value) | ({"HX-Request": "true"} if number % 2 else {})
            for name in ("Authorization", "Cookie"):
                if number % 3:  # else nobody is known
                    headers.pop(name)
            with without_a_trace():
                visitors.ask(who, method, url, **headers)
    assert visitors.wrong == []


@pytest.mark.once
def test_every_route_takes_a_body_in_any_charset(visitors):
    """Of those that are only looked at every eighth: none reads a body."""
    kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        ";",
    ]
    charsets = ["utf-16", "iso-8859-2", "nonsense"]  # the test client itself takes no other codec
    table = by_route(lines())
    looked_at = [line for line in table if line[0] == "get"]
    for number, ((method, thing, route), statuses) in enumerate(table.items()):
        if (method, thing, route) in looked_at and not share([True], number, parts=8):
            continue
        url, who = address(route, thing, visitors.world), visitors.in_turn(statuses)[0]
        for one, kind in share(enumerate(kinds), number):
            charset = charsets[(number + one) % len(charsets)]
            with without_a_trace():
                visitors.ask(
                    who,
                    method,
                    f"{url}?q=%C4%85",
                    b"--x\r\n\xff\x00=[",
                    f"{kind}; charset={charset}",
                )
    assert visitors.wrong == []


@pytest.mark.parametrize("charset", ["rot13", "idna", "hex", "unicode_escape"])
def test_charset_that_decodes_no_text_is_read_as_utf_8(charset):
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/accounts/login/",
        "query_string": b"q=%C4%85",
    }
    scope["headers"] = [(b"host", b"localhost"), (b"content-type", kind.encode())]
    request = ASGIRequest(scope, BytesIO(b"email=%C4%85"))
    InputMiddleware(HttpResponse)(request)
    assert (request.GET["q"], request.POST["email"]) == ("ą", "ą")


# --- forms ----------------------------------------------------------------------------------------


def forms(visitors):
    """Every form of every page once: {(route, method, names): (who, url, {field: value})}.

    The fields that every form has, whoever reads it, make no other form.
    """
    found = dict[Any, Any]()
    for (_method, thing, route), statuses in pages().items():
        url = address(route, thing, visitors.world)
        inside = visitors.in_turn(statuses)[:-1]
        for who in [who for who in inside if who not in ALIKE] or inside:
            answer = visitors.ask(who, "get", url)
            if answer.status_code != 200 or "html" not in answer["Content-Type"]:
                continue
            for form in html.fromstring(answer.content).forms:
                target = urlsplit(form.get("action") or form.get("hx-post") or url).path or url
                fields = {name: value or "" for name, value in form.form_values()}
                fields |= {name: "" for name in form.fields if name not in fields}
                names = frozenset(name for name in fields if not is_automatic(name))
                found.setdefault((route_of(target), form.method, names), (who, target, fields))
    return found


def is_automatic(name):
    """Whether every form has this field; code that all pages share reads it."""
    return name in {TOKEN, DRAWN_FOR} or re.fullmatch(r"of-\d+", name)


def leads_somewhere(url):
    return route_of(unquote(url, errors="replace")) != unquote(url, errors="replace")


def route_of(url):
    try:
        return resolve(url).route
    except Resolver404:
        return url


def test_every_field_of_every_form_takes_anything(visitors):
    found, automatic = forms(visitors), Counter[str]()
    assert len(found) > 30
    for (_route, method, names), (who, url, fields) in found.items():
        kept = {name: quote(value) for name, value in fields.items()}
        automatic.update(asked := [name for name in fields if automatic[name] < AUTOMATIC_ENOUGH])
        with without_a_trace():
            answers = [
                visitors.send_form(who, method, url, kept | {name: value})
                for number, name in enumerate(fields)
                if name in names or name in asked
                for value in share(here(IN_FORMS), number)
            ]
            if method == "POST" and {200, 302} & {*answers}:
                visitors.look_round()
    assert visitors.wrong == []


def test_every_address_that_is_sent_to_takes_any_fields(visitors):
    """Also those whose form no page of this world shows."""
    names = [
        *PARAMETERS,
        "code",
        "gate",
        "key",
        "note",
        "message",
        "email",
        "name",
        "subject",
        "body",
        "nonce",
        "at",
        "role",
    ]
    bodies = ["[" * 100_000, JSON["nested objects"], JSON["half a character"]]
    for place, ((method, thing, route), statuses) in enumerate(by_route(lines()).items()):
        if method != "post" or route.startswith("api/"):
            continue
        url, inside = address(route, thing, visitors.world), visitors.in_turn(statuses)
        for number, value in enumerate(share(here(RAW), place)):
            sent = "&".join(f"{name}={value}" for name in names)
            with without_a_trace():
                visitors.ask(
                    inside[number % len(inside)],
                    "post",
                    url,
                    sent.encode(),
                    "application/x-www-form-urlencoded",
                )
        for body in share(bodies, place, parts=3):
            with without_a_trace():
                visitors.ask(inside[0], "post", url, body.encode(), "application/json")
    assert visitors.wrong == []


# --- the API --------------------------------------------------------------------------------------


def operations():
    document = json.loads(docs.document("en"))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation, document["components"]["schemas"]


ROLES = ["anonymous", "user", "organizer", "admin"]
THINGS = {
    "/api/users/": "person",
    "/api/reservations/": "seat",
    "/api/organizer/reservations/": "seat",
}


def url_of(path, things):
    thing = next((thing for start, thing in THINGS.items() if path.startswith(start)), "event")
    return (
        path.replace("{id}", str(things[thing].pk))
        .replace("{ref}", str(things["seat"].pk))
        .replace("{token}", "x")
    )


def test_every_parameter_of_the_api_takes_anything(visitors):
    for method, path, operation, _schemas in operations():
        url = url_of(path, visitors.world)
        named = [part["name"] for part in operation.get("parameters", []) if part["in"] == "query"]
        for name in [*named, "nonsense"]:
            for number, value in share(enumerate(here(RAW)), len(url) + len(name)):
                if method == "get":
                    visitors.ask(ROLES[number % 4], method, f"{url}?{name}={value}")
                    visitors.ask("admin", method, f"{url}?{name}={value}")
    assert visitors.wrong == []


def test_every_field_of_every_body_of_the_api_takes_anything(visitors):
    sent = 0
    for method, path, operation, schemas in operations():
        if "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        (example,) = [example["value"] for example in content["examples"].values()]
        fields = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
        url, may = url_of(path, visitors.world), "admin" if "/admin/" in path else "organizer"
        for name in fields:
            rest = json.dumps({key: value for key, value in example.items() if key != name})[:-1]
            values = share(here(JSON), len(url) + len(name))
            # All of them as one who may, and one as somebody else.
            asked = [(may, value) for value in values] + [(ROLES[len(name) % 4], values[0])]
            for who, value in asked:
                body = f'{rest}{", " if rest != "{" else ""}"{name}": {value}}}'
                with without_a_trace():
                    answer = visitors.ask(who, method, url, body.encode(), "application/json")
                    sent += 1
                    if answer.status_code < 300 and who == "organizer" and path != "/api/login/":
                        visitors.look_round()
        for value in share(here(JSON), len(url)):
            with without_a_trace():
                visitors.ask(may, method, url, value.encode(), "application/json")
    assert visitors.wrong == []
    assert sent > (500 if os.environ.get("LONG") else 50)


def test_endpoints_of_check_in_devices_take_any_input(visitors):
    """Its key is in a header, so no role of the matrix gets there."""
    event = visitors.world["event"].pk
    organizer = visitors.ask("organizer", "post", f"/organizer/events/{event}/check-in/device/")
    key = {"X-Door-Key": json.loads(organizer.content)["key"]}
    guests, readings = (
        f"/organizer/events/{event}/check-in/guests/",
        f"/organizer/events/{event}/check-in/readings/",
    )
    for value in share(here(RAW), 0):
        for name in ("since", "after"):
            visitors.ask("anonymous", "get", f"{guests}?{name}={value}", **key)
    reading = {
        "nonce": '"n-1"',
        "code": '"7K4M-2QXD"',
        "at": '"2026-11-30T10:00:00Z"',
        "let_in": "true",
        "undo": "false",
    }
    for value in share(here(JSON), 0):
        bodies = [value, f'{{"readings": {value}}}', f'{{"readings": [{value}]}}']
        bodies += [f'{{"readings": [], "{name}": {value}}}' for name in ("waiting", "ready")]
        for name in reading:
            said = ", ".join(f'"{one}": {word}' for one, word in (reading | {name: value}).items())
            bodies.append(f'{{"readings": [{{{said}}}], "waiting": 0, "ready": true}}')
        with without_a_trace():
            for body in bodies:
                visitors.ask(
                    "anonymous", "post", readings, body.encode(), "application/json", **key
                )
            visitors.look_round()
    assert visitors.wrong == []
