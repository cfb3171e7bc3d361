"""Links that need no account, each for one thing: to give a reservation back, and to stand at a gate.

Opening one changes nothing, the button behind it does. It holds nothing but a signed number, so nobody can make one up, and a
database that gets into wrong hands gives none away.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from tickets.models import Gate, Reservation

SALT, GATE_SALT = "tickets.leave", "tickets.gate"


def cancel_url(reservation: Reservation) -> str:
    return settings.SITE_URL + reverse(
        "tickets:leave", args=[signing.dumps(reservation.pk, salt=SALT)]
    )


def reservation_from_token(token: str) -> Reservation | None:
    """The reservation that the link is about; None if we did not make the link."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Reservation.objects.select_related("event", "person").filter(pk=pk).first()


def gate_url(gate: Gate) -> str:
    return settings.SITE_URL + reverse(
        "tickets:stand", args=[signing.dumps(gate.pk, salt=GATE_SALT)]
    )


def gate_from_token(token: str) -> Gate | None:
    """The gate that the link opens, revoked or not; None if we did not make the link."""
    try:
        pk = signing.loads(token, salt=GATE_SALT)
    except signing.BadSignature:
        return None
    return Gate.objects.select_related("event").filter(pk=pk).first()
