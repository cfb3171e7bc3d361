"""Readings of tickets that a device kept, some of them without us: each counts once, and where two doors let the same ticket in, both are told."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tickets.checkin import admission, codes, scan_times
from tickets.checkin.access import CheckInActor
from tickets.checkin.conflicts import check_conflicts
from tickets.models import Scan, Ticket
from tickets.ticket import signature

logger = logging.getLogger(__name__)
Outcome = Scan.Outcome
# Refusals that are about the scanner, not about whether the ticket was good: no conflict comes of them.
UNKEPT = {"nonce_taken", "too_many_conflicts"}


def record(
    event: Event,
    text: str,
    *,
    nonce: str,
    by: User | None,
    device: str = "",
    at: datetime | None = None,
    let_in: bool = False,
    since: datetime | None = None,
) -> tuple[Scan, Refused | None]:
    """Take in one reading of a code (a QR code's text or a short code): the scan, and why not if the ticket is not valid.

    The same nonce from the same scanner is the same reading: what became of it the first time is the answer. `at` is the device's
    time (None: now), `since` when it came to this door. `let_in`: the device had opened the door by itself; what it should not have
    let in is then kept as a conflict. A refused code that no door was opened for, and one behind which there is no ticket of the
    event, leave no row. Refused: as codes.find, impossible_time, nonce_taken, too_many_conflicts.
    """
    facts: dict[str, Any] = {"nonce": nonce, "by": by, "device": device}
    try:
        codes.check_shape(text)  # nonsense does not wait for the event's lock
        accepted = scan_times.accept(event, at, since=since)
        scan = take_in(event, text, at=accepted, let_in=let_in, **facts)
    except Refused as refusal:
        return refuse(event, text, refusal, at=at, let_in=let_in, **facts)
    if scan.outcome == Outcome.REFUSED:
        return scan, Refused(scan.reason, _("This ticket was not valid when it was scanned."))
    return scan, None


@transaction.atomic
def take_in(
    event: Event, text: str, *, nonce: str, by: User | None, device: str, at: datetime, let_in: bool
) -> Scan:
    """Under the event's lock, so that a reading that is sent twice at once is still one."""
    event = event_services.lock(event.pk)
    if known := known_scan(event, nonce, by=by, device=device):
        return opened(known) if let_in else known
    admitted = admission.let_in(codes.find(event, text, by=by), by=by, device=device, at=at)
    outcome = Outcome.ADMITTED if admitted.first else Outcome.USED
    if let_in and not admitted.first:
        check_conflicts(event, by=by, device=device)
    facts = {
        "nonce": nonce,
        "by": by,
        "device": device,
        "at": at,
        "let_in": let_in,
        "outcome": outcome,
    }
    return Scan.objects.create(event=event, ticket=admitted.ticket, **facts)


def known_scan(event: Event, nonce: str, *, by: User | None, device: str) -> Scan | None:
    """What this scanner has sent under the nonce before. Refused: nonce_taken, if another scanner has."""
    shown = ["ticket__event", "ticket__reservation__person", "ticket__checked_in_by"]
    known = event.scans.select_related(*shown).filter(nonce=nonce)
    if mine := known.sent_by(by, device).first():
        return mine
    if known.exists():
        raise Refused(
            "nonce_taken",
            _("Another device has sent a scan with this number. Scan the code again."),
        )
    return None


def opened(scan: Scan) -> Scan:
    """We knew of this reading, but our answer came too late: the device has decided by itself meanwhile."""
    if not scan.let_in:
        if scan.outcome != Outcome.ADMITTED:
            check_conflicts(scan.event, by=scan.by, device=scan.device)
        scan.let_in = True
        scan.save(update_fields=["let_in"])
    return scan


@transaction.atomic
def take_back(event: Event, nonce: str, *, actor: CheckInActor) -> None:
    """The scanner that let somebody in by mistake takes that back. Refused: nothing_to_undo, event_over, other_device."""
    found = event.scans.select_related("ticket__reservation").filter(
        nonce=nonce, outcome=Outcome.ADMITTED
    )
    scan = found.sent_by(actor.person, actor.name).first()
    # Somebody may have taken it back and let the guest in again since: that is another admission.
    if scan is None or scan.ticket is None or scan.ticket.checked_in_at != scan.at:
        raise Refused("nothing_to_undo", _("There is nothing to take back any more."))
    admission.undo_check_in(scan.ticket.reservation, actor=actor)


def refuse(
    event: Event,
    text: str,
    refusal: Refused,
    *,
    nonce: str,
    by: User | None,
    device: str,
    at: datetime | None,
    let_in: bool,
) -> tuple[Scan, Refused]:
    """A reading that does not count: kept as a conflict, if a door was opened for a ticket of this event; else raised."""
    logger.info("scan refused: %s, event %s", refusal.code, event.pk)
    ticket = ticket_behind(event, text) if let_in and refusal.code not in UNKEPT else None
    if ticket is None:
        raise refusal
    with transaction.atomic():
        event = event_services.lock(event.pk)
        known = known_scan(event, nonce, by=by, device=device)
        if known is None:
            check_conflicts(event, by=by, device=device)
            facts = {
                "by": by,
                "device": device,
                "at": scan_times.nearest(event, at),
                "let_in": True,
            }
            known = Scan.objects.create(
                event=event,
                ticket=ticket,
                nonce=nonce,
                outcome=Outcome.REFUSED,
                reason=refusal.code,
                **facts,
            )
    return known, refusal


def ticket_behind(event: Event, text: str) -> Ticket | None:
    """Whose it was, for those who settle it; None where nothing of ours stands behind the code."""
    try:
        if short := codes.short_code_in(text):
            return event.tickets.filter(code=short).first()
        if older := codes.reservation_in_old_code(text):
            return event.tickets.valid().filter(reservation=older).first()
        return event.tickets.filter(serial=signature.read(text).serial).first()
    except Refused:
        return None
