"""What stands in a ticket's QR code: who may come in where, signed, and nothing about the person.

22 bytes of claim and 64 of Ed25519 signature, in base 32 without padding: 138 characters of a QR code's alphanumeric
mode. Before them a QR code has `RESERVATION:<id>/`, by which older apps find the reservation. Each ticket has exactly one
such code. Keys are kept by number, so a ticket outlives the key that signed it.
"""

import base64
import re
import struct
from dataclasses import dataclass
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from eventflow.core.errors import Refused
from tickets.models import SigningKey, Ticket

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
    """The text of this ticket's QR code. The same ticket gives the same text while the key is the same."""
    return f"RESERVATION:{ticket.reservation_id}/{sign(ticket)}"


def sign(ticket: Ticket) -> str:
    """The signed code of this ticket."""
    number, key = private_key()
    body = BODY.pack(
        VERSION, number, ticket.event_id, ticket.reservation_id, bytes.fromhex(ticket.serial)
    )
    return encode(body + key.sign(body))


def read(text: str) -> Claim:
    """What a QR code's text or the signed code alone claims, once its signature proves it. Lower case and space around it do no harm.

    Refused: not_a_ticket (not one of our codes), forged_ticket (it looks like ours, but we did not sign it, or it names another reservation).
    """
    named = NAMED.match(text.strip().upper())
    payload = decode(text.strip()[named.end() :] if named else text)
    version, number, event_id, reservation_id, serial = BODY.unpack_from(payload)
    if version != VERSION:
        raise not_a_ticket()
    key = public_key(number)
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
    """The bytes behind the text, if it is written the one way that we write them."""
    code = text.strip().upper()
    if not SHAPE.fullmatch(code):
        raise not_a_ticket()
    payload = base64.b32decode(code + PADDING)
    # The last character has two bits that carry nothing: only the text with both at zero is ours.
    if encode(payload) != code:
        raise not_a_ticket()
    return payload


def not_a_ticket() -> Refused:
    return Refused("not_a_ticket", _("This is not an EventFlow ticket."))


# --- Keys -------------------------------------------------------------------------------------------------------------

# What this process has loaded. Only committed keys are remembered, and never that one is missing: another process may
# have made it a moment ago.
loaded_private: dict[str, tuple[int, Ed25519PrivateKey]] = {}
loaded_public: dict[int, Ed25519PublicKey] = {}


def public_keys() -> dict[int, bytes]:
    """Every public key by its number, the one in use among them: what a check-in page needs to know a forgery offline."""
    private_key()
    return {key.pk: bytes(key.public) for key in SigningKey.objects.order_by("pk")}


def public_key(number: int) -> Ed25519PublicKey | None:
    if number in loaded_public:
        return loaded_public[number]
    row = SigningKey.objects.filter(pk=number).first()
    if row is None:
        return None
    key = Ed25519PublicKey.from_public_bytes(bytes(row.public))
    transaction.on_commit(partial(loaded_public.__setitem__, number, key))
    return key


def private_key() -> tuple[int, Ed25519PrivateKey]:
    """The key that signs now, with its number: the environment's, else the newest in the database, made if there is none."""
    secret = settings.TICKET_SIGNING_KEY
    if secret in loaded_private:
        return loaded_private[secret]
    found = from_environment(secret) if secret else from_database()
    transaction.on_commit(partial(loaded_private.__setitem__, secret, found))
    return found


def from_environment(secret: str) -> tuple[int, Ed25519PrivateKey]:
    """The database learns the public half only."""
    key = parse(secret)
    return register(key, keep=False).pk, key


def parse(secret: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret, validate=True))
    except ValueError:
        raise ImproperlyConfigured(
            "TICKET_SIGNING_KEY must be 32 bytes in base64, as `openssl rand -base64 32` prints them."
        ) from None


def from_database() -> tuple[int, Ed25519PrivateKey]:
    row = newest_kept() or register(Ed25519PrivateKey.generate(), keep=True)
    return row.pk, Ed25519PrivateKey.from_private_bytes(bytes(row.private))


def newest_kept() -> SigningKey | None:
    return SigningKey.objects.exclude(private=b"").order_by("-pk").first()


def register(key: Ed25519PrivateKey, *, keep: bool) -> SigningKey:
    """The key's row, made under the next number if it has none yet.

    Two processes that start together reach for the same number; the primary key lets one of them have it, and the other
    finds there what it wanted. That holds only if a number is taken before looking, never after.
    """
    public = key.public_key().public_bytes_raw()
    private = key.private_bytes_raw() if keep else b""
    while True:
        number = 1 + (SigningKey.objects.aggregate(last=Max("pk"))["last"] or 0)
        known = newest_kept() if keep else SigningKey.objects.filter(public=public).first()
        if known:
            return known
        try:
            with transaction.atomic():
                return SigningKey.objects.create(pk=number, public=public, private=private)
        except IntegrityError:
            if not SigningKey.objects.filter(pk=number).exists():
                raise  # no race: the numbers are used up
