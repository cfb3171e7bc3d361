"""From the text of a code to what it names, without a look at the database.

A code is the text of a ticket's QR code (`tickets.ticket.signature` has its format), the eight
characters of a short code as a person typed it, or, where the setting UNSIGNED_TICKETS allows
them, the text `Reservation:<id>|Event:…` of an older backend.
"""

import re
from typing import NamedTuple

from django.conf import settings

from tickets.ticket import signature

# Letters that people type instead of the digits of a short code (Crockford's base 32).
LOOK_ALIKES = str.maketrans("OIL", "011")
OLD_CODE = re.compile(r"(?i)reservation:([0-9]{1,18})\|event:.*")
SHORT_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}")


class Code(NamedTuple):
    """What the text of a code names: one of the three, the others are empty."""

    short: str = ""
    reservation_id: int | None = None
    claim: signature.Claim | None = None


def parse(text: str) -> Code:
    """Return what this text names. Refused: not_a_ticket, forged_ticket."""
    if short := short_code_in(text):
        return Code(short=short)
    if reservation_id := reservation_in_old_code(text):
        return Code(reservation_id=reservation_id)
    return Code(claim=signature.read(text))


def reservation_in_old_code(text: str) -> int | None:
    """Return the reservation's id in a ticket of an older backend.

    Nobody signed such a text, so it counts only where the operator allows it.
    """
    found = OLD_CODE.fullmatch(text.strip()) if settings.UNSIGNED_TICKETS else None
    return int(found[1]) if found else None


def short_code_in(text: str) -> str:
    """`7K4M-2QXD` from what was typed (`7k4m 2qxd`, `7K4M2QXD`); empty if it can't be one."""
    code = normalized(text)
    return f"{code[:4]}-{code[4:]}" if SHORT_CODE.fullmatch(code) else ""


def normalized(text: str) -> str:
    """The text in upper case, without spaces and hyphens, with digits for look-alike letters."""
    return re.sub(r"[\s-]", "", text).upper().translate(LOOK_ALIKES)
