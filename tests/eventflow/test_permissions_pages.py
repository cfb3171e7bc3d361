"""Who may change events and reservations by their pages, and that only a change changes them.

They are the owner, a team-mate, a stranger and a visitor. The team-mate is an Admin, who may do
what the organizer may. Door staff of the event is a stranger here.
"""

import re
from typing import Any

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.urls import URLPattern, get_resolver, reverse

from events import services as event_services
from events.models import DoorStaff, Event
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets.checkin import devices, gates
from tickets.models import Reservation

pytestmark = [pytest.mark.django_db, pytest.mark.once(on="postgresql")]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def surroundings():
    """An event with a guest, a draft, its door staff, and people who have nothing to do with it."""
    event = make_event()
    reservation = make_reservation(event)
    staff = event_services.add_door_staff(
        event, email=make_person("Tomasz Lis").email, by=event.organizer
    )
    gate = gates.add_gate(event, name="Entrance A", by=event.organizer)
    return {
        "event": event,
        "gate": gate,
        "phone": devices.register(event, gate=gate, called="Kuba"),
        "draft": make_event(organizer=event.organizer, status="draft"),
        "reservation": reservation,
        "staff": staff,
        "people": {
            "owner": event.organizer,
            "team-mate": make_admin(),
            "stranger": make_organizer("Zofia Kaczmarek"),
            "door": staff.person,
            "guest": reservation.person,
            "person": make_person("Jan Lis"),
            "visitor": None,
        },
    }


def stored_rows() -> list[Any]:
    """Everything that the pages could change."""
    kinds: list[QuerySet[Any]] = [Event.objects.all(), Reservation.objects.all()]
    return [list(rows.order_by("pk").values()) for rows in (*kinds, DoorStaff.objects.all())]


def answers(client, surroundings, method, name, thing, people):
    """{who: status} of asking for this page of this thing."""
    url = reverse(name, args=[surroundings[thing].pk] if thing else None)
    told = {}
    for who in people:
        come_as(client, surroundings, who)
        response = getattr(client, method)(url)
        told[who] = (
            "log in"
            if response.status_code == 302 and response.url.startswith("/accounts/login/")
            else response.status_code
        )
    return told


def come_as(client, surroundings, who):
    """Log this person in, the first time, or else come with the session that they have."""
    person, sessions = surroundings["people"][who], surroundings.setdefault("sessions", {})
    client.cookies.clear()
    if person and who not in sessions:
        client.force_login(person)
        sessions[who] = client.cookies[settings.SESSION_COOKIE_NAME].value
    elif person:
        client.cookies[settings.SESSION_COOKIE_NAME] = sessions[who]


EVERYBODY = {"owner", "team-mate", "stranger", "door", "guest", "person", "visitor"}
MANAGERS = {"owner", "team-mate"}
# (name, of which thing, who gets the page, what the others get)
PANEL = {"stranger": 404, "door": 403, "guest": 403, "person": 403, "visitor": "log in"}
OWN = dict.fromkeys(EVERYBODY - {"guest"}, 404) | {"visitor": "log in"}
# (name, of which thing). Who gets them: test_authorization_matrix.py.
PAGES: list[tuple[str, str | None]] = [
    ("events:list", None),
    ("events:detail", "event"),
    ("events:calendar", "event"),
    ("events:detail", "draft"),
    ("events:calendar", "draft"),
    ("tickets:mine", None),
    ("tickets:cancel", "reservation"),
    ("events:panel", None),
    ("events:new", None),
    ("events:live", "event"),
    ("events:edit", "event"),
    ("events:cancel", "event"),
    ("tickets:queue", "event"),
    ("tickets:note", "reservation"),
    ("tickets:reject", "reservation"),
    ("tickets:messages", "event"),
    ("tickets:conflicts", "event"),
    ("tickets:doors", "event"),
    ("tickets:gate", "gate"),
    ("tickets:gate_qr", "gate"),
    ("tickets:export_csv", "event"),
    ("tickets:export_xlsx", "event"),
]
# What nobody needs to log in for, and what only a guest gets.
NOT_FOR_ORGANIZERS_ALONE = {"events:list", "events:detail", "events:calendar", "tickets:cancel"}
# (name, of which thing, what those get who may not)
DEEDS = [
    ("events:publish", "draft", PANEL),
    ("events:cancel", "event", PANEL),
    ("events:edit", "event", PANEL),
    ("events:duplicate", "event", PANEL),
    ("events:add_door_staff", "event", PANEL),
    ("events:remove_door_staff", "staff", PANEL),
    ("tickets:confirm", "reservation", PANEL),
    ("tickets:reject", "reservation", PANEL),
    ("tickets:undo", "reservation", PANEL),
    ("tickets:note", "reservation", PANEL),
    ("tickets:messages", "event", PANEL),
    ("tickets:doors", "event", PANEL),
    ("tickets:revoke_gate", "gate", PANEL),
    ("tickets:end_device", "phone", PANEL),
    ("tickets:confirm_many", "event", PANEL),
    ("tickets:confirm_next", "event", PANEL),
    ("tickets:reject_many", "event", PANEL),
    ("tickets:undo_many", "event", PANEL),
    ("tickets:cancel", "reservation", OWN),
]


# Deeds whose address shows a form.
ASKED_FIRST = {
    "events:cancel",
    "events:edit",
    "tickets:cancel",
    "tickets:note",
    "tickets:reject",
    "tickets:messages",
    "tickets:doors",
}


def test_changes_by_others_are_refused_and_change_nothing(client, surroundings, subtests):
    before = stored_rows()
    for name, thing, others in DEEDS:
        with subtests.test(name):
            assert answers(client, surroundings, "post", name, thing, others) == others
            assert stored_rows() == before


@pytest.mark.parametrize("who", ["owner", "team-mate"])
def test_owner_and_team_mate_decide(client, surroundings, who, settings):
    settings.MAIL_DECISION_DELAY_SECONDS = 60
    client.force_login(surroundings["people"][who])
    reservation = surroundings["reservation"]
    for deed, status in (("confirm", "confirmed"), ("undo", "pending"), ("reject", "rejected")):
        client.post(reverse(f"tickets:{deed}", args=[reservation.pk]))
        reservation.refresh_from_db()
        assert reservation.status == status


def test_reservation_in_an_invisible_draft_is_refused(client, surroundings):
    told = answers(client, surroundings, "post", "tickets:reserve", "draft", EVERYBODY)
    assert told == {
        "owner": 302,
        "team-mate": 302,
        **dict.fromkeys(EVERYBODY - MANAGERS - {"visitor"}, 404),
        "visitor": "log in",
    }
    assert surroundings["draft"].reservations.count() == 0


def test_changes_need_a_post(client, surroundings, subtests):
    client.force_login(surroundings["people"]["team-mate"])
    for name in [name for name, *_ in DEEDS if name not in ASKED_FIRST]:
        with subtests.test(name):
            for pk in (surroundings["event"].pk, surroundings["reservation"].pk):
                path = reverse(name, args=[pk])
                assert client.get(path).status_code == 405
                assert client.head(path).status_code == 405


def test_opening_every_page_changes_nothing(client, surroundings):
    before = stored_rows()
    for who in ("team-mate", "guest", "visitor"):
        come_as(client, surroundings, who)
        for name, thing in PAGES:
            client.get(reverse(name, args=[surroundings[thing].pk] if thing else None))
        client.get(reverse("tickets:reserve", args=[surroundings["event"].pk]))
        client.get(reverse("tickets:card", args=[surroundings["event"].pk]), headers=HTMX)
    assert stored_rows() == before


def test_blocked_person_loses_the_panel_at_once(client, surroundings):
    owner = surroundings["people"]["owner"]
    client.force_login(owner)
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    response = client.get(reverse("events:panel"))
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=/organizer/")


def test_organizer_who_lost_the_role_loses_the_events(client, surroundings):
    owner = surroundings["people"]["owner"]
    type(owner).objects.filter(pk=owner.pk).update(role="user")
    client.force_login(owner)
    assert client.get(reverse("tickets:queue", args=[surroundings["event"].pk])).status_code == 403
    assert client.get(reverse("events:detail", args=[surroundings["draft"].pk])).status_code == 404


def test_private_pages_are_not_cached(client, surroundings):
    client.force_login(surroundings["people"]["owner"])
    for name, thing in PAGES:
        if name not in NOT_FOR_ORGANIZERS_ALONE:
            page = client.get(reverse(name, args=[surroundings[thing].pk] if thing else None))
            assert {"no-store", "private"} <= {*page["Cache-Control"].split(", ")}, name


def test_every_page_of_events_and_of_the_queue_is_in_this_list():
    """A route that is added without saying here who it is for fails."""
    doors = {
        "tickets:ticket",
        "tickets:ticket_pdf",
        "tickets:ticket_qr",
        "tickets:check_in",
        "tickets:door_search",
        "tickets:ready",
        "tickets:device",
        "tickets:readings",
        "tickets:guest_list",
        "tickets:door_worker",
        "tickets:door_manifest",
        "tickets:sample",
        "tickets:admit",
        "tickets:undo_check_in",
    }
    # Whoever has the mail may follow its link; what becomes of the others is in the matrix.
    elsewhere = {
        "tickets:leave",
        "tickets:withdraw_message",
        "tickets:arrivals",
        "tickets:settle",
        "tickets:unsettle",
    }
    here = (
        elsewhere
        | {"tickets:reserve", "tickets:card"}
        | {name for name, *_ in PAGES}
        | {name for name, *_ in DEEDS}
    )
    routes = {
        f"{app}:{pattern.name}"
        for app in ("events", "tickets")
        for pattern in get_resolver().namespace_dict[app][1].url_patterns
        if isinstance(pattern, URLPattern)
        and re.match(r"organizer|events|reservations|$", str(pattern.pattern))
    }
    assert routes - doors == here
