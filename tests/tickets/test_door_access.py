"""Who may open the check-in pages of an event."""

import pytest
from django.urls import reverse

from events import services as event_services
from events.models import Event
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.tickets.door_pages import HTMX, helper_at, ticket_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def reservation():
    return make_reservation(person=make_person("Łucja <b>Żółć</b>"), status="confirmed")


@pytest.fixture
def event(reservation):
    return Event.objects.get(pk=reservation.event_id)


@pytest.fixture
def staff(event, client):
    """Somebody who helps at this event's door, logged in."""
    person = helper_at(event)
    client.force_login(person)
    return person


def answers(client, reservation, **headers):
    """The answers of every address of the event's check-in to this visitor."""
    event, code = reservation.event_id, ticket_of(reservation).code
    return [
        client.get(reverse("tickets:check_in", args=[event]), headers=headers),
        client.post(reverse("tickets:check_in", args=[event]), {"code": code}, headers=headers),
        client.get(reverse("tickets:door_search", args=[event]), {"q": "łucja"}, headers=headers),
        client.post(reverse("tickets:admit", args=[reservation.pk]), headers=headers),
        client.post(reverse("tickets:undo_check_in", args=[reservation.pk]), headers=headers),
    ]


@pytest.mark.parametrize("who", ["organizer", "admin", "helper"])
def test_check_in_page_opens_for_managers_and_door_staff(client, event, reservation, who):
    client.force_login(
        {
            "organizer": lambda: event.organizer,
            "admin": make_admin,
            "helper": lambda: helper_at(event),
        }[who]()
    )
    assert [answer.status_code for answer in answers(client, reservation)] == [200] * 5


@pytest.mark.parametrize(
    "who",
    [
        "guest",
        "another guest",
        "other organizer",
        "other helper",
        "former organizer",
        "blocked helper",
    ],
)
def test_check_in_page_does_not_exist_for_others(client, event, reservation, who):
    people = {
        "guest": lambda: reservation.person,
        "another guest": make_person,
        "other organizer": lambda: make_event(organizer=make_organizer()).organizer,
        "other helper": lambda: helper_at(make_event()),
        "former organizer": lambda: event.organizer,
        "blocked helper": lambda: helper_at(event),
    }
    person = people[who]()
    client.force_login(person)
    if who == "former organizer":
        type(person).objects.filter(pk=person.pk).update(role="user")
    if who == "blocked helper":
        type(person).objects.filter(pk=person.pk).update(is_active=False)
    found = answers(client, reservation)
    # The blocked are logged out, and led to the log-in: a code that was typed is kept nowhere.
    expected = {302} if who == "blocked helper" else {404}
    assert {answer.status_code for answer in found} == expected
    told = (
        [ticket_of(reservation).code] if who == "guest" else [ticket_of(reservation).code, "Łucja"]
    )  # a guest sees their own name
    assert not any(word in answer.text for word in told for answer in found)
    assert not any("Łucja" in answer.text for answer in found if answer.status_code == 401)
    assert not ticket_of(reservation).is_used


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_check_in_page_of_an_unknown_event_is_not_found(client, staff, number):
    for name in ("tickets:check_in", "tickets:door_search"):
        assert client.get(reverse(name, args=[number])).status_code == 404
    for name in ("tickets:admit", "tickets:undo_check_in"):
        assert client.post(reverse(name, args=[number])).status_code == 404


def test_check_in_page_sends_visitors_to_the_log_in(client, reservation):
    for answer in answers(client, reservation):
        assert answer.status_code == 401 or answer.url.startswith("/accounts/login/")
    for answer in answers(client, reservation, **HTMX):
        assert answer.status_code == 401 or answer["HX-Redirect"].startswith("/accounts/login/")
    assert not ticket_of(reservation).is_used


def test_check_in_page_closes_at_once_for_removed_door_staff(client, event, reservation, staff):
    event_services.remove_door_staff(event.doorstaff_set.get(person=staff), by=event.organizer)
    assert {answer.status_code for answer in answers(client, reservation)} == {404}


def test_check_in_needs_a_post(client, reservation, staff):
    for name in ("tickets:admit", "tickets:undo_check_in"):
        assert client.get(reverse(name, args=[reservation.pk])).status_code == 405
