"""The signed code of a ticket: event, reservation and serial, and nothing about the person.

22 bytes of claim and 64 of Ed25519 signature, in base 32 without padding: 138 characters of a QR
code's alphanumeric mode. Before them a QR code has `RESERVATION:<id>/`, by which older apps find
the reservation. Each ticket has exactly one such code. `tickets.ticket.signing_keys` has the keys.
"""

import base64
import re
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from django.utils.translation import gettext as _

from eventflow.core.errors import Refused
from tickets.models import Ticket
from tickets.ticket import signing_keys

VERSION = 1
BODY = struct.Struct(">BBIQ8s")
SHAPE = re.compile(r"[A-Z2-7]{138}")
# The id that a QR code names before the signed code; older QR codes have none.
NAMED = re.compile(r"RESERVATION:([0-9]{1,20})/")
PADDING = "======"


@dataclass(frozen=True)
class Claim:
    """What a signed code says."""

    version: int
    key_id: int
    event_id: int
    reservation_id: int
    serial: str


def qr_text(ticket: Ticket) -> str:
    """Return the text of the ticket's QR code; the same text as long as the key is the same."""
    return f"RESERVATION:{ticket.reservation_id}/{sign(ticket)}"


def sign(ticket: Ticket) -> str:
    """Return the signed code of the ticket."""
    number, key = signing_keys.private_key()
    body = BODY.pack(
        VERSION, number, ticket.event_id, ticket.reservation_id, bytes.fromhex(ticket.serial)
    )
    return encode(body + key.sign(body))


def read(text: str) -> Claim:
    """Check the signature of a code and return what the code says.

    `text`: the text of a QR code or the signed code alone, also in lower case and with spaces
    around it. Refused: not_a_ticket (it does not look like our codes), forged_ticket (it does, but
    we did not sign it, or it names another reservation).
    """
    named = NAMED.match(text.strip().upper())
    payload = decode(text.strip()[named.end() :] if named else text)
    version, number, event_id, reservation_id, serial = BODY.unpack_from(payload)
    if version != VERSION:
        raise not_a_ticket()
    key = signing_keys.public_key(number)
    try:
        if key is None:
            raise InvalidSignature
        key.verify(payload[BODY.size :], payload[: BODY.size])
        if named and named[1] != str(reservation_id):
            raise InvalidSignature
    except InvalidSignature:
        raise Refused(
            "forged_ticket", _("This code was not issued here. Ask for the original ticket.")
        ) from None
    return Claim(version, number, event_id, reservation_id, serial.hex())


def encode(payload: bytes) -> str:
    return base64.b32encode(payload).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes of a code. Refused: not_a_ticket, if we would write them otherwise."""
    code = text.strip().upper()
    if not SHAPE.fullmatch(code):
        raise not_a_ticket()
    payload = base64.b32decode(code + PADDING)
    # Two bits of the last character are unused: in our codes both are zero.
    if encode(payload) != code:
        raise not_a_ticket()
    return payload


def not_a_ticket() -> Refused:
    return Refused("not_a_ticket", _("This is not an EventFlow ticket."))
