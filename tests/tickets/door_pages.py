"""Door staff and tickets for the tests of the check-in pages."""

from accounts.models import User
from events import services as event_services
from events.models import Event
from tests.support.factories import make_person
from tickets.models import Reservation, Ticket

HTMX = {"HX-Request": "true"}


def helper_at(event: Event) -> User:
    person = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=person.email, by=event.organizer)
    return person


def ticket_of(reservation: Reservation) -> Ticket:
    return reservation.tickets.get()
