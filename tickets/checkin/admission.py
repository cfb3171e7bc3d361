"""The one check-in: from what was read to a verdict, for the page, the script and the API.

One lock, the event's row, taken once (`events.services.lock`); what was read is judged, written
and counted under it. `check_in` answers with a `Verdict` and raises for bugs only.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eventflow.core import audit
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tickets.checkin import codes, lookup, scan_times, scans
from tickets.checkin.access import (
    CheckInActor,
    allowed_since,
    events_of,
    may_check_in_now,
    no_longer_allowed,
    was_allowed_at,
)
from tickets.models import CheckInOutcome, Reservation, Scan, Ticket
from tickets.queue.counters import save_counters

logger = logging.getLogger(__name__)
# Reasons that are about the actor, not about the ticket: no conflict comes of them.
ABOUT_THE_ACTOR = {"nonce_taken", "too_many_conflicts"}


@dataclass(frozen=True)
class Verdict:
    """What became of one reading.

    `outcome`: admitted (by this reading), already_used or refused; a device without a connection
    also has unverified, which the server never answers. `ticket`: the ticket as it stands, where
    one was found. `scan`: the stored row, if any. `reason`: why the ticket did not count.
    """

    outcome: CheckInOutcome
    ticket: Ticket | None = None
    scan: Scan | None = None
    reason: Refused | None = None

    @property
    def is_admitted(self) -> bool:
        return self.outcome == CheckInOutcome.ADMITTED


@dataclass(frozen=True)
class Reading:
    """What was read, by whom, and when: the arguments of `check_in`."""

    event_id: int
    presented: str | Ticket | Reservation
    actor: CheckInActor
    at: datetime | None
    nonce: str
    admitted_offline: bool

    @cached_property
    def code(self) -> codes.Code | None:
        """What a text that was read names; None for a ticket or a reservation.

        Refused: as codes.parse.
        """
        return codes.parse(self.presented) if isinstance(self.presented, str) else None


def check_in(
    event_id: int,
    presented: str | Ticket | Reservation,
    *,
    actor: CheckInActor,
    at: datetime | None = None,
    nonce: str = "",
    admitted_offline: bool = False,
) -> Verdict:
    """Admit a guest once, however often and by however many devices their ticket is read.

    `presented`: the text of a code; or the ticket or reservation that the caller found through its
    permissions. `at`: when it was read, by the device's clock (None: now). `nonce`: the device's
    number for this reading; the same nonce from the same actor gets the same verdict again, and
    the reading is stored as a scan. `admitted_offline`: the device has admitted the guest already;
    where that was wrong, the scan is stored as a conflict for the organizer.

    Reasons of a refusal: event_cancelled, not_confirmed, not_a_ticket, forged_ticket, wrong_event,
    ticket_void, impossible_time, no_longer_allowed, nonce_taken, too_many_conflicts. A refusal is
    stored only where a guest was admitted offline by a ticket of this event.
    """
    if isinstance(presented, Ticket) and presented.is_used and not nonce:
        # At a busy entrance this answer needs no lock.
        return Verdict(CheckInOutcome.ALREADY_USED, presented)
    reading = Reading(event_id, presented, actor, at, nonce, admitted_offline)
    refusal = find_refusal(reading)
    verdict = judge(reading, refusal) if refusal is None or admitted_offline else refused(refusal)
    if verdict.reason and not verdict.is_admitted:
        logger.info("scan refused: %s, event %s", verdict.reason.code, event_id)
    return verdict


def find_refusal(reading: Reading) -> Refused | None:
    """Why this reading can't count, as far as that is known without the event's lock."""
    device = reading.actor.device
    if device and device.has_ended and not was_allowed_at(device, reading.at or timezone.now()):
        return no_longer_allowed()
    try:
        _code = reading.code  # parsed before the lock, and kept
    except Refused as refusal:
        is_allowed = device is None or device.has_ended or may_check_in_now(device)
        return refusal if is_allowed else no_longer_allowed()
    return None


@transaction.atomic
def judge(reading: Reading, refusal: Refused | None) -> Verdict:
    """Decide under the event's lock. `refusal`: what was found before it."""
    device = reading.actor.device
    try:
        among = events_of(device) if device and not refusal else None
        event = event_services.lock(reading.event_id, among)
    except Event.DoesNotExist:
        if device is None:
            raise
        refusal = no_longer_allowed()
        if not reading.admitted_offline:
            return refused(refusal)
        event = event_services.lock(reading.event_id)
    try:
        if refusal:
            raise refusal
        return admit(event, reading)
    except Refused as reason:
        return store_refusal(event, reading, reason)


def admit(event: Event, reading: Reading) -> Verdict:
    """The verdict on a reading that may count. The caller holds the lock. Refused: as check_in."""
    device = reading.actor.device
    since = allowed_since(device) if device else None
    at = scan_times.accept(event, reading.at, since=since)
    try:
        ticket = find_ticket(event, reading)
    except Refused:
        if verdict := verdict_before(event, reading):
            return verdict
        raise
    if ticket.known_scan is not None and (verdict := verdict_before(event, reading)):
        return verdict
    ticket, is_first = mark_once(event, ticket, at, actor=reading.actor)
    outcome = CheckInOutcome.ADMITTED if is_first else CheckInOutcome.ALREADY_USED
    verdict = Verdict(outcome, ticket)
    if not reading.nonce:
        return verdict
    if reading.admitted_offline and not is_first:
        scans.check_conflicts(event, actor=reading.actor)
    scan = store(event, reading, verdict, at)
    return replace(verdict, scan=scan)


def find_ticket(event: Event, reading: Reading) -> Ticket:
    """The valid ticket that was presented, with `known_scan`: the scan of the reading's nonce.

    Refused: as lookup.find and lookup.find_valid.
    """
    presented, nonce = reading.presented, reading.nonce
    if isinstance(presented, Ticket):
        presented.event = event
        return presented
    tickets = Ticket.objects.with_known_scan(event, nonce) if nonce else Ticket.objects.all()
    if isinstance(presented, Reservation):
        return lookup.find_valid(event, presented.pk, tickets)
    return lookup.find(event, reading.code or presented, by=reading.actor.person, among=tickets)


def mark_once(
    event: Event, ticket: Ticket, at: datetime, *, actor: CheckInActor
) -> tuple[Ticket, bool]:
    """Mark the ticket as used and count it. The ticket as it stands, and whether this call did it.

    Refused: as lookup.find_valid, where a ticket that was read before the lock is void by now.
    """
    if ticket.is_used:
        return ticket, False
    if not mark(ticket, at, actor=actor):
        # Read before the lock, and used, void or replaced since. What stands now, stays.
        ticket = lookup.find_valid(event, ticket.reservation_id, Ticket.objects.all())
        if ticket.is_used or not mark(ticket, at, actor=actor):
            return ticket, False
    event.checked_in_count += 1
    save_counters(event)
    facts = {"ticket": ticket.pk, "device": actor.name}
    audit.record("check_in", Reservation(pk=ticket.reservation_id), by=actor.person, **facts)
    return ticket, True


def mark(ticket: Ticket, at: datetime, *, actor: CheckInActor) -> bool:
    """The admission itself: one conditional UPDATE, which succeeds for one caller only."""
    admission = {
        "checked_in_at": at,
        "checked_in_by": actor.person,
        "checked_in_device": actor.name[:100],
    }
    if not Ticket.objects.valid().filter(pk=ticket.pk, checked_in_at=None).change(**admission):
        return False
    for field, value in admission.items():
        setattr(ticket, field, value)
    return True


def verdict_before(event: Event, reading: Reading) -> Verdict | None:
    """The verdict that this actor got under the reading's nonce, if any.

    Where the device has admitted the guest since, because our answer came too late, the scan says
    so from now on. Refused: nonce_taken, too_many_conflicts.
    """
    if not reading.nonce:
        return None
    known = scans.find_known(event, reading.nonce, actor=reading.actor)
    if known is None:
        return None
    if reading.admitted_offline:
        scans.note_admitted_offline(known, actor=reading.actor)
    reason = None
    if known.outcome == CheckInOutcome.REFUSED:
        reason = Refused(known.reason, _("This ticket was not valid when it was scanned."))
    return Verdict(CheckInOutcome(known.outcome), known.ticket, known, reason)


def store_refusal(event: Event, reading: Reading, reason: Refused) -> Verdict:
    """Store a refused reading, if a guest was admitted offline by a ticket of this event.

    The caller holds the lock.
    """
    text = reading.presented
    if not isinstance(text, str) or not reading.nonce or not reading.admitted_offline:
        return refused(reason)
    ticket = None if reason.code in ABOUT_THE_ACTOR else lookup.find_any(event, text)
    if ticket is None:
        return refused(reason)
    try:
        known = scans.find_known(event, reading.nonce, actor=reading.actor)
        if known is None:
            scans.check_conflicts(event, actor=reading.actor)
    except Refused as other:
        return refused(other)
    if known is None:
        verdict = Verdict(CheckInOutcome.REFUSED, ticket, reason=reason)
        known = store(event, reading, verdict, scan_times.nearest(event, reading.at))
    return Verdict(CheckInOutcome(known.outcome), known.ticket, known, reason)


def store(event: Event, reading: Reading, verdict: Verdict, at: datetime) -> Scan:
    return Scan.objects.create(
        event=event,
        ticket=verdict.ticket,
        nonce=reading.nonce,
        by=reading.actor.person,
        device=reading.actor.name,
        at=at,
        let_in=reading.admitted_offline,
        outcome=verdict.outcome,
        reason=verdict.reason.code if verdict.reason else "",
    )


def refused(reason: Refused) -> Verdict:
    return Verdict(CheckInOutcome.REFUSED, reason=reason)
