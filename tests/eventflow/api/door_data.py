"""Door staff, and the code of a reservation's ticket."""

from accounts.models import User
from events import services as events
from events.models import Event
from tests.support.factories import make_person
from tickets.models import Reservation, Ticket
from tickets.ticket import signature


def code_of(reservation: Reservation) -> str:
    return signature.qr_text(Ticket.objects.valid().get(reservation=reservation))


def staff_of(event: Event) -> User:
    person = make_person()
    events.add_door_staff(event, email=person.email, by=event.organizer)
    return person
