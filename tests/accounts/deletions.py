"""The person whose account is deleted, and what a reservation still has."""

from tickets.models import Reservation

NAME, ADDRESS = "Kunegunda Brzęczyszczykiewicz", "kunegunda@example.org"


def status_and_ticket(reservation: Reservation) -> tuple[str, bool]:
    """Return the status, and whether there is a valid ticket."""
    reservation.refresh_from_db()
    return reservation.status, reservation.tickets.filter(void_at=None).exists()
