"""The offline list: the tickets of an event, as a device stores them for check-in without network.

Each entry can be read only by a device that has read the ticket's QR code. It is encrypted under a
key from that code: HKDF-SHA256 (RFC 5869) of the code's 64 bytes of Ed25519 signature, which nobody
can compute without our private key. The first 16 of the 48 derived bytes are the name of the entry,
the other 32 the key of AES-256-GCM, whose nonce of 12 bytes is written before the text.
"""

import base64
import json
import os
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.models import Event
from tickets.checkin import lookup
from tickets.models import Ticket
from tickets.ticket import signature

PER_PAGE = 1000
INFO = b"eventflow door entry"
# A change that was written shortly before a list was read may have been committed after it.
OVERLAP = timedelta(minutes=1)


def changed_tickets(event: Event, *, since: datetime | None, after: int) -> list[Ticket]:
    """Return a page of the event's tickets, void ones too, in the order of their ids.

    `since`: only those that have changed since then (None: all). `after`: the last id of the page
    before. At most PER_PAGE.
    """
    tickets = event.tickets.filter(pk__gt=after)
    if since:
        tickets = tickets.filter(changed__gte=since - OVERLAP)
    return list(lookup.with_guest_and_event(tickets).order_by("pk")[:PER_PAGE])


def seal(ticket: Ticket) -> tuple[str, str]:
    """Return the entry's name and its encrypted text, both in base64."""
    secret = signature.decode(signature.sign(ticket))[signature.BODY.size :]
    derived = HKDF(algorithm=SHA256(), length=48, salt=b"", info=INFO).derive(secret)
    name, nonce = derived[:16], os.urandom(12)
    text = AESGCM(derived[16:]).encrypt(nonce, json.dumps(entry(ticket)).encode(), name)
    return base64.b64encode(name).decode(), base64.b64encode(nonce + text).decode()


def entry(ticket: Ticket) -> dict[str, Any]:
    """What a device without network shows of the guest, in the active language."""
    facts = {"guest": str(ticket.reservation.person), "code": ticket.code}
    if ticket.is_void:
        return facts | {"void": lookup.void_reason(ticket)}
    if ticket.checked_in_at:
        return facts | {"used": ticket.checked_in_at.isoformat(), "by": ticket.admitted_by}
    return facts
