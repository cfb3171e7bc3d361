"""Door staff and tickets for the tests of the check-in pages."""

from events import services as event_services
from tests.support.factories import make_person

HTMX = {"HX-Request": "true"}


def helper_at(event):
    person = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=person.email, by=event.organizer)
    return person


def ticket_of(reservation):
    return reservation.tickets.get()
