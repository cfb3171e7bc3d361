"""The ticket whose PDF is looked at."""

from datetime import UTC, datetime

from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tickets.models import Ticket


def ticket_with_polish_letters() -> Ticket:
    event = make_event(
        title="Zażółć gęślą jaźń",
        location="Ruska 46c, Wrocław",
        organizer=make_organizer("Łucja Śliwińska"),
        start_time=datetime(2027, 12, 11, 17, 0, tzinfo=UTC),
        hue="cherry",
    )
    reservation = make_reservation(event, make_person("Maja Wiśniewska-Źdźbło"), status="confirmed")
    return Ticket.objects.select_related("event__organizer", "reservation__person").get(
        reservation=reservation
    )
