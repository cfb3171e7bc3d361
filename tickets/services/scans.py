"""Readings of tickets that a device kept, some of them without us: each counts once, and where two doors let the same ticket in, both are told."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow import audit
from eventflow.errors import Refused
from events.models import Event
from events.services import lock
from tickets.models import Scan, Ticket
from tickets.services import door

Outcome = Scan.Outcome
# A device's clock may be so far ahead of ours; what it says beyond that is taken for now.
AHEAD = timedelta(minutes=5)


def record(
    event: Event, text: str, *, nonce: str, by: User | None, device: str = "", at: datetime | None = None, let_in: bool = False
) -> tuple[Scan, Refused | None]:
    """Take in one reading of a code (a QR code's text or a short code): the scan, and why not if the ticket is not valid.

    The same nonce at the same event is the same reading: what became of it the first time is the answer. `at` is the device's time
    (None: now). `let_in`: the device had opened the door by itself; what it should not have let in is then kept as a conflict. A
    refused code that no door was opened for leaves no row.
    """
    try:
        scan = take_in(event, text, nonce=nonce, by=by, device=device, at=believable(at), let_in=let_in)
    except Refused as refusal:
        if let_in:
            return refused(event, text, refusal, nonce=nonce, by=by, device=device, at=believable(at)), refusal
        raise
    not_valid = Refused(scan.reason, _("This ticket was not valid when it was scanned.")) if scan.outcome == Outcome.REFUSED else None
    return scan, not_valid


@transaction.atomic
def take_in(event: Event, text: str, *, nonce: str, by: User | None, device: str, at: datetime, let_in: bool) -> Scan:
    """Under the event's lock, so that a reading that is sent twice at once is still one."""
    event = lock(event.pk)
    if known := event.scans.select_related("ticket__event", "ticket__reservation__person", "ticket__checked_in_by").filter(nonce=nonce).first():
        return opened(known) if let_in else known
    admission = door.let_in(door.find(event, text, by=by), by=by, device=device, at=at)
    outcome = Outcome.ADMITTED if admission.first else Outcome.USED
    facts = {"nonce": nonce, "by": by, "device": device, "at": at, "let_in": let_in, "outcome": outcome}
    return Scan.objects.create(event=event, ticket=admission.ticket, **facts)


def opened(scan: Scan) -> Scan:
    """We knew of this reading, but our answer came too late: the device has decided by itself meanwhile."""
    if not scan.let_in:
        scan.let_in = True
        scan.save(update_fields=["let_in"])
    return scan


@transaction.atomic
def take_back(event: Event, nonce: str, *, by: User | None, device: str) -> None:
    """The device that let somebody in by mistake takes that back, however often it says so. Refused: nothing_to_undo, event_over."""
    scan = event.scans.select_related("ticket__reservation").filter(nonce=nonce, device=device, outcome=Outcome.ADMITTED).first()
    # Somebody may have taken it back and let the guest in again since: that is another admission.
    if scan is None or scan.ticket is None or scan.ticket.checked_in_at != scan.at:
        raise Refused("nothing_to_undo", _("There is nothing to take back any more."))
    door.undo_check_in(scan.ticket.reservation, by=by)


@transaction.atomic
def refused(event: Event, text: str, refusal: Refused, *, nonce: str, by: User | None, device: str, at: datetime) -> Scan:
    """A door was opened for a code that is not valid: keep that."""
    event = lock(event.pk)
    facts = {"by": by, "device": device, "at": at, "let_in": True, "outcome": Outcome.REFUSED, "reason": refusal.code}
    scan, _created = Scan.objects.get_or_create(event=event, nonce=nonce, defaults={**facts, "ticket": ticket_behind(event, text)})
    return scan


def ticket_behind(event: Event, text: str) -> Ticket | None:
    """Whose it was, for those who settle it; None where nothing of ours stands behind the code."""
    try:
        short = door.as_short_code(text)
        return event.tickets.filter(code=short).first() if short else event.tickets.filter(serial=door.signature.read(text).serial).first()
    except Refused:
        return None


def believable(at: datetime | None) -> datetime:
    now = timezone.now()
    return now if at is None or at > now + AHEAD else min(at, now)


@transaction.atomic
def settle(scan: Scan, *, by: User) -> None:
    """Somebody looked at the conflict and knows what happened. Doing it again changes nothing. Refused: no_conflict."""
    if not Scan.objects.conflicts().filter(pk=scan.pk).exists():
        raise Refused("no_conflict", _("There is nothing to settle about this scan."))
    if Scan.objects.open().filter(pk=scan.pk).update(settled_at=timezone.now(), settled_by=by):
        audit.record("scan.settle", scan, by=by)


@transaction.atomic
def unsettle(scan: Scan, *, by: User) -> None:
    """Look at it once more."""
    if Scan.objects.filter(pk=scan.pk).exclude(settled_at=None).update(settled_at=None, settled_by=None):
        audit.record("scan.unsettle", scan, by=by)
