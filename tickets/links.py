"""The link in a mail that gives one reservation back without logging in: opening it changes nothing, the button behind it does.

It holds nothing but the signed number of the reservation. Whoever has the mail can cancel what the mail is about, and nothing else.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from tickets.models import Reservation

SALT = "tickets.leave"


def leave_url(reservation: Reservation) -> str:
    return settings.SITE_URL + reverse("tickets:leave", args=[signing.dumps(reservation.pk, salt=SALT)])


def reservation_behind(token: str) -> Reservation | None:
    """The reservation that the link is about; None if we did not make the link."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Reservation.objects.select_related("event", "person").filter(pk=pk).first()
