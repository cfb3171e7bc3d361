"""An event with two tickets, a gate and a person of its door staff."""

import pytest

from events import services as event_services
from tests.support.factories import make_event, make_person, make_reservation
from tickets.checkin import gates


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def ticket(event):
    return make_reservation(event, make_person("Łucja Żółć"), status="confirmed").tickets.get()


@pytest.fixture
def other(event):
    return make_reservation(event, make_person("Jan Inny"), status="confirmed").tickets.get()


@pytest.fixture
def gate(event):
    return gates.add_gate(event, name="Entrance A", by=event.organizer)


@pytest.fixture
def helper(event):
    person = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=person.email, by=event.organizer)
    return person
