"""Stored scans: what an actor sent under a nonce before, and conflicts for the organizer to settle.

A scan that is sent any number of times, in any order, is stored once. A conflict is a scan whose
device admitted a guest without a connection, though the ticket admitted nobody any more.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from events.models import Event
from tickets.checkin.access import CheckInActor
from tickets.models import CheckInOutcome, Scan

# How many conflicts of one actor may wait to be settled. More are refused and not stored.
MOST_OPEN_CONFLICTS = 500


def find_known(event: Event, nonce: str, *, actor: CheckInActor) -> Scan | None:
    """Return what this actor has sent under the nonce before.

    Refused: nonce_taken, if another actor has sent a scan under it.
    """
    shown = ["ticket__event", "ticket__reservation__person", "ticket__checked_in_by"]
    known = event.scans.select_related(*shown).filter(nonce=nonce)
    if own := known.sent_by(actor.person, actor.name).first():
        return own
    if known.exists():
        raise Refused(
            "nonce_taken",
            _("Another device has sent a scan with this number. Scan the code again."),
        )
    return None


def note_admitted_offline(scan: Scan, *, actor: CheckInActor) -> None:
    """Store that the device admitted the guest by itself, because our answer came too late.

    Refused: too_many_conflicts.
    """
    if scan.let_in:
        return
    if scan.outcome != CheckInOutcome.ADMITTED:
        check_conflicts(scan.event, actor=actor)
    scan.let_in = True
    scan.save(update_fields=["let_in"])


def check_conflicts(event: Event, *, actor: CheckInActor) -> None:
    """Refused: too_many_conflicts, if MOST_OPEN_CONFLICTS of this actor wait to be settled."""
    waiting = event.scans.conflicts().open().sent_by(actor.person, actor.name)
    if waiting.count() >= MOST_OPEN_CONFLICTS:
        raise Refused(
            "too_many_conflicts", _("The organizer has to settle this phone’s conflicts first.")
        )


@transaction.atomic
def settle(scan: Scan, *, by: User) -> None:
    """Take a conflict off the list of open ones. Twice changes nothing. Refused: no_conflict."""
    if not Scan.objects.conflicts().filter(pk=scan.pk).exists():
        raise Refused("no_conflict", _("There is nothing to settle about this scan."))
    if Scan.objects.open().filter(pk=scan.pk).update(settled_at=timezone.now(), settled_by=by):
        audit.record("scan.settle", scan, by=by)


@transaction.atomic
def unsettle(scan: Scan, *, by: User) -> None:
    """Put a settled conflict back on the list of open ones. Twice changes nothing."""
    settled = Scan.objects.filter(pk=scan.pk).exclude(settled_at=None)
    if settled.update(settled_at=None, settled_by=None):
        audit.record("scan.unsettle", scan, by=by)
