"""Two scans that cannot both be right, for the organizer to settle."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from events.models import Event
from tickets.models import Scan

# So many conflicts of one scanner may wait to be settled. What comes on top is refused without a row.
MOST_OPEN_CONFLICTS = 500


def check_conflicts(event: Event, *, by: User | None, device: str) -> None:
    if event.scans.conflicts().open().sent_by(by, device).count() >= MOST_OPEN_CONFLICTS:
        raise Refused(
            "too_many_conflicts", _("The organizer has to settle this phone’s conflicts first.")
        )


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
    if (
        Scan.objects.filter(pk=scan.pk)
        .exclude(settled_at=None)
        .update(settled_at=None, settled_by=None)
    ):
        audit.record("scan.unsettle", scan, by=by)
