"""Signed links that need no account: to cancel a reservation, and to check in at a gate.

Opening a link changes nothing; the button on its page does. A link contains a signed id only, so
that it can't be made without the site's secret key, and none is stored in the database.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from tickets.models import Gate, Reservation

SALT, GATE_SALT = "tickets.leave", "tickets.gate"


def cancel_url(reservation: Reservation) -> str:
    token = signing.dumps(reservation.pk, salt=SALT)
    return settings.SITE_URL + reverse("tickets:leave", args=[token])


def reservation_from_token(token: str) -> Reservation | None:
    """Return the reservation of the link; None if the signature is not ours."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Reservation.objects.select_related("event", "person").filter(pk=pk).first()


def gate_url(gate: Gate) -> str:
    token = signing.dumps(gate.pk, salt=GATE_SALT)
    return settings.SITE_URL + reverse("tickets:stand", args=[token])


def gate_from_token(token: str) -> Gate | None:
    """Return the gate of the link, revoked or not; None if the signature is not ours."""
    try:
        pk = signing.loads(token, salt=GATE_SALT)
    except signing.BadSignature:
        return None
    return Gate.objects.select_related("event").filter(pk=pk).first()
