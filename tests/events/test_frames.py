"""What a live socket sends: the requested parts, each text written once.

And that pages show all the parts that they ask for.
"""

from datetime import timedelta

import pytest
from django.test.signals import template_rendered
from django.urls import reverse
from django.utils import timezone
from lxml import html

from events.live.frames import PARTS, Frame, requested_parts
from events.models import Event
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.support.markup import only, tree
from tickets.queue import registration

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        (b"", None),
        (b"format=json", None),
        (b"parts=bar", None),
        (b"format=html", PARTS),
        (b"format=html&parts=", PARTS),
        (b"format=html&parts=nothing,of,ours", PARTS),
        (b"format=html&parts=bar", ("bar",)),
        (b"format=html&parts=bar,confirmed,bar,gone", ("confirmed", "bar")),
        (b"format=html&parts=bar&parts=confirmed", ("confirmed", "bar")),
        (b"format=html&parts=" + b"x," * 5000, PARTS),
        (b"format=html&parts=%00%FF", PARTS),
    ],
)
def test_requested_parts_are_known_names_in_one_order(query, parts):
    assert requested_parts(query) == parts


def test_frame_is_rendered_once_for_each_set_of_parts():
    rendered = []
    frame = Frame(make_event())

    def note(template, **_):
        rendered.append(template.name)

    template_rendered.connect(note)
    try:
        for query in (
            b"parts=bar,pending",
            b"parts=pending,bar",
            b"parts=bar,pending,unknown",
            b"parts=bar",
        ):
            for _ in range(50):
                frame.text(requested_parts(b"format=html&" + query))
                frame.text(None)
    finally:
        template_rendered.disconnect(note)
    assert rendered == ["events/_live.html"] * 2


def test_snippet_names_the_element_it_replaces():
    frame = Frame(make_event())
    snippets = html.fragments_fromstring(frame.html(PARTS))
    assert [snippet.get("id") for snippet in snippets] == [f"live-{part}" for part in PARTS]
    assert {snippet.get("hx-swap-oob") for snippet in snippets} == {"true"}
    assert [snippet.get("id") for snippet in html.fragments_fromstring(frame.html(("bar",)))] == [
        "live-bar"
    ]


def shows_what_it_asks_for(page) -> bool:
    """Whether page and socket agree.

    htmx reports a snippet without a place as an error; a count without a snippet stands still.
    """
    query = only(page, "//*[@ws-connect]").get("ws-connect").partition("?")[2]
    shown = [element.get("id") for element in tree(page).xpath("//*[starts-with(@id, 'live-')]")]
    parts = requested_parts(query.encode())
    return parts is not None and sorted(shown) == sorted(f"live-{part}" for part in parts)


STATES = [
    "open",
    "signed-out",
    "sold-out",
    "started",
    "pending",
    "queued",
    "confirmed",
    "rejected",
    "cancelled",
]


@pytest.mark.parametrize("state", STATES)
def test_event_page_shows_each_part_that_it_asks_for(client, state):
    event, person = make_event(seats_limit=1), make_person()
    if state in {"sold-out", "queued"}:
        make_reservation(event, make_people(1)[0], status="confirmed")
    if state in {"pending", "queued"}:
        registration.reserve(event.pk, person=person)
    if state in {"confirmed", "rejected", "cancelled"}:
        make_reservation(event, person, status=state)
    if state == "started":
        Event.objects.filter(pk=event.pk).update(start_time=timezone.now() - timedelta(hours=1))
    if state != "signed-out":
        client.force_login(person)
    page = client.get(event.get_absolute_url())
    expected = "open" if state == "cancelled" else state
    assert only(page, "//section[@id='reservation']").get("data-state") == expected
    assert shows_what_it_asks_for(page)


@pytest.mark.parametrize(
    "name",
    ["events:live", "tickets:queue", "tickets:check_in", "tickets:door_search", "tickets:ready"],
)
def test_working_page_shows_each_part_that_it_asks_for(client, name):
    event = make_event()
    client.force_login(event.organizer)
    assert shows_what_it_asks_for(client.get(reverse(name, args=[event.pk])))
