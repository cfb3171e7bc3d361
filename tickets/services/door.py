"""The door: from what a guest shows to their ticket, and from the ticket to one admission."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_

from django.conf import settings
from django.db import transaction
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.core.search import NOTHING, every_word
from eventflow.core.text import email_key, fold
from eventflow.core.text_direction import isolated
from events.models import Event
from events.permissions import door_events
from events.services import lock
from tickets import signature
from tickets.models import Reservation, Ticket, TicketQuerySet
from tickets.permissions import Keeper, may_undo
from tickets.services.queue import save_counters

# What people write when they mean the digits of a short code (Crockford).
LOOK_ALIKES = str.maketrans("OIL", "011")
OLDER_TEXT = re.compile(r"(?i)reservation:([0-9]{1,18})\|event:.*")
SHORT_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}")
# No code begins like this.
NO_CODE = "-"
MOST_HITS = 20
LONGEST_QUERY, MOST_WORDS = 100, 4
NAMES = ("first_name_folded", "last_name_folded")


@dataclass(frozen=True)
class Admission:
    """The ticket as it stands, and whether it was this call that let its holder in."""

    ticket: Ticket
    first: bool


# --- Whose ticket is it -----------------------------------------------------------------------------------------------


def find(event: Event, text: str, *, by: User | None) -> Ticket:
    """The valid ticket of this event behind a QR code's text or a short code as somebody typed it; used ones too.

    Refused: event_cancelled, not_a_ticket, forged_ticket, wrong_event, ticket_void.
    """
    if event.is_cancelled:
        raise called_off()
    short, older = as_short_code(text), older_reservation(text)
    if short:
        ticket = by_short_code(event, short)
    elif older:
        ticket = by_reservation(event, older)
    else:
        ticket = by_claim(event, signature.read(text), by=by)
    if ticket.is_void:
        raise Refused("ticket_void", why_void(ticket))
    return ticket


def check_shape(text: str) -> None:
    """Whether this can be a code of ours at all, without a look at the event. Refused: not_a_ticket, forged_ticket."""
    if not as_short_code(text) and not older_reservation(text):
        signature.read(text)


def older_reservation(text: str) -> int | None:
    """The reservation that a ticket of an older backend names. Nobody signed it, so it counts only where the operator says so."""
    found = OLDER_TEXT.fullmatch(text.strip()) if settings.UNSIGNED_TICKETS else None
    return int(found[1]) if found else None


def as_short_code(text: str) -> str:
    """`7K4M-2QXD` from what was typed (`7k4m 2qxd`, `7K4M2QXD`), or nothing if that can't be one."""
    code = squeezed(text)
    return f"{code[:4]}-{code[4:]}" if SHORT_CODE.fullmatch(code) else ""


def squeezed(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper().translate(LOOK_ALIKES)


def by_short_code(event: Event, code: str) -> Ticket:
    # The valid one first: 40 bits may, once in a long while, come up twice.
    ticket = (
        whole(event.tickets.filter(code=code)).order_by(F("void_at").desc(nulls_first=True)).first()
    )
    if ticket is None:
        raise Refused("not_a_ticket", _("No ticket of this event has this code."))
    return ticket


def by_reservation(event: Event, reservation: int) -> Ticket:
    ticket = whole(event.tickets.valid().filter(reservation=reservation)).first()
    if ticket is None:
        raise Refused("not_a_ticket", _("No ticket of this event has this code."))
    return ticket


def by_claim(event: Event, claim: signature.Claim, *, by: User | None) -> Ticket:
    if claim.event_id != event.pk:
        raise Refused("wrong_event", wrong_event(claim.event_id, by=by))
    ticket = whole(
        Ticket.objects.filter(serial=claim.serial, reservation=claim.reservation_id, event=event)
    ).first()
    if ticket is None:
        raise Refused("ticket_void", _("This ticket no longer exists."))
    return ticket


def wrong_event(event_id: int, *, by: User | None) -> str:
    """Which event it is for is told only to those who stand at that door too."""
    other = door_events(by).filter(pk=event_id).first() if by else None
    return (
        _("This ticket is for another event: %(title)s.") % {"title": isolated(other.title)}
        if other
        else _("This ticket is for another event.")
    )


def why_void(ticket: Ticket) -> str:
    reasons = {
        Reservation.Status.CANCELLED: _("The guest cancelled this reservation."),
        Reservation.Status.REJECTED: _("The organizer took this spot back."),
        Reservation.Status.PENDING: _("This reservation is waiting for the organizer again."),
        Reservation.Status.CONFIRMED: _(
            "A newer ticket replaced this one. Ask the guest for it, or search by name."
        ),
    }
    return reasons[Reservation.Status(ticket.reservation.status)]


def whole(tickets: TicketQuerySet) -> TicketQuerySet:
    """With everything that a door shows, in the same query."""
    return tickets.select_related("event", "reservation__person", "checked_in_by")


# --- Let in -----------------------------------------------------------------------------------------------------------


def check_in(reservation: Reservation, *, by: User | None, device: str = "") -> Admission:
    """Let the guest in once. However often and from however many doors it is called, one call is the first.

    Refused: event_cancelled, not_confirmed.
    """
    ticket = valid_ticket(reservation)
    if ticket is None:
        event = Event.objects.get(pk=reservation.event_id)
        raise (
            called_off()
            if event.is_cancelled
            else Refused("not_confirmed", _("This reservation is not confirmed."))
        )
    return let_in(ticket, by=by, device=device)


def let_in(
    ticket: Ticket, *, by: User | None, device: str = "", at: datetime | None = None
) -> Admission:
    """Let in who holds this ticket, which was valid when it was read. `at`: when that was, if not now. Refused: as check_in."""
    if ticket.is_used:  # at a busy door this answer needs no lock
        return Admission(ticket, first=False)
    return admit(ticket, by=by, device=device, at=at or timezone.now())


@transaction.atomic
def admit(ticket: Ticket, *, by: User | None, device: str, at: datetime) -> Admission:
    ticket.event = event = lock(ticket.event_id)
    if not mark(ticket, at, by=by, device=device):
        # Used, taken back or replaced since it was read. What the lock shows now, nobody changes under us.
        return check_in(ticket.reservation, by=by, device=device)
    event.checked_in_count += 1
    save_counters(event)
    audit.record(
        "check_in", Reservation(pk=ticket.reservation_id), by=by, ticket=ticket.pk, device=device
    )
    return Admission(ticket, first=True)


def mark(ticket: Ticket, at: datetime, *, by: User | None, device: str) -> bool:
    """The admission itself: one conditional UPDATE, which succeeds for one caller only. Whether it did."""
    admission = {"checked_in_at": at, "checked_in_by": by, "checked_in_device": device[:100]}
    if not Ticket.objects.valid().filter(pk=ticket.pk, checked_in_at=None).change(**admission):
        return False
    for field, value in admission.items():
        setattr(ticket, field, value)
    return True


@transaction.atomic
def undo_check_in(reservation: Reservation, *, keeper: Keeper) -> Ticket:
    """Somebody was let in by mistake: their ticket works again. Refused: as used_ticket."""
    event = lock(reservation.event_id)
    ticket = used_ticket(reservation, keeper=keeper)
    Ticket.objects.filter(pk=ticket.pk).change(
        checked_in_at=None, checked_in_by=None, checked_in_device=""
    )
    event.checked_in_count -= 1
    save_counters(event)
    facts = {"ticket": ticket.pk, "was": str(ticket.checked_in_at), "device": keeper.name}
    audit.record("check_in.undo", reservation, by=keeper.person, **facts)
    return whole(Ticket.objects.all()).get(pk=ticket.pk)


def used_ticket(reservation: Reservation, *, keeper: Keeper) -> Ticket:
    """The ticket whose check-in the keeper may take back. Refused: event_over, not_checked_in, other_device."""
    ticket = valid_ticket(reservation)
    if ticket and ticket.event.is_past:
        raise Refused("event_over", _("This event is over."))
    if ticket is None or not ticket.is_used:
        raise Refused("not_checked_in", _("This guest is not checked in."))
    if not may_undo(keeper, ticket):
        raise Refused(
            "other_device",
            _("Another device let this guest in. Only that one or the organizer can undo it."),
        )
    return ticket


def valid_ticket(reservation: Reservation) -> Ticket | None:
    return whole(Ticket.objects.valid()).filter(reservation=reservation.pk).first()


def called_off() -> Refused:
    return Refused("event_cancelled", _("This event is cancelled. No ticket lets anybody in."))


# --- Search -----------------------------------------------------------------------------------------------------------


def search(event: Event, query: str, *, keeper: Keeper) -> list[Ticket]:
    """Up to 20 valid tickets of the event whose guest's names, address or code begin with what was typed, by last name.

    Fewer than two letters find nobody: there is no telling whom they mean. A phone that came by a link finds a code only whole,
    because letter by letter it could learn all of them. One query.
    """
    text = printable(query)
    if len(squeezed(text)) < 2:
        return []
    code = (as_short_code(text) or NO_CODE) if keeper.came_by_link else as_code_prefix(text)
    tickets = near(event, text, code).annotate(words=words_of_the_name())
    by_address = Q(reservation__person__email__startswith=email_key(text))
    wanted = Q(code__startswith=code) | by_address | all_begin(text)
    order = ["reservation__person__last_name", "reservation__person__first_name", "pk"]
    return list(whole(tickets.filter(wanted)).order_by(*order)[:MOST_HITS])


def near(event: Event, text: str, code: str) -> TicketQuerySet:
    """The valid tickets among which those that are looked for are, and few others: what the indexes of codes and of people's names find."""
    named = every_word(" ".join(words_typed(text)), *NAMES) if words_typed(text) else NOTHING
    people = User.objects.filter(Q(email__startswith=email_key(text)) | named).order_by()
    valid = event.tickets.valid().order_by()
    by_code, by_person = (
        valid.filter(code__startswith=code),
        valid.filter(reservation__person__in=people.values("pk")),
    )
    return Ticket.objects.filter(pk__in=by_code.values("pk").union(by_person.values("pk")))


def printable(query: str) -> str:
    """Without control characters and halves of characters, which no name holds and PostgreSQL does not take."""
    return "".join(c for c in query[:LONGEST_QUERY] if c.isprintable()).strip()


def as_code_prefix(text: str) -> str:
    """`7K4M-2Q` from `7k4m2q`."""
    code = squeezed(text)
    return f"{code[:4]}-{code[4:]}" if len(code) > 4 else code


def words_of_the_name() -> Func:
    """` jan kowalska zielinska`: every word folded, the parts of a double name too, behind a space."""
    first, last = (f"reservation__person__{name}" for name in NAMES)
    return Concat(Value(" "), first, Value(" "), last, output_field=TextField())


def words_typed(text: str) -> list[str]:
    return fold(text).split()[:MOST_WORDS]


def all_begin(text: str) -> Q:
    """Each of the first words typed begins a word of the guest's name, whatever its case and the marks on its letters."""
    return (
        reduce(and_, (Q(words__contains=f" {word}") for word in words_typed(text)), Q()) or NOTHING
    )
