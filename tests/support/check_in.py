"""Check-ins in one call, for tests that need a guest who has arrived or a stored scan."""

from accounts.models import User
from tickets.checkin import admission
from tickets.checkin.access import CheckInActor
from tickets.checkin.admission import Verdict
from tickets.models import Reservation, Ticket


def check_in(shown: Reservation | Ticket, *, by: User, device: str = "") -> Verdict:
    """Check the guest in, as the API does by a reservation's id. Raises the reason of a refusal.

    `shown`: a reservation, or a ticket as it was read earlier.
    """
    presented: Reservation | Ticket = shown
    if isinstance(shown, Reservation):
        valid = shown.tickets.valid().select_related("checked_in_by")
        presented = valid.first() or shown
    actor = CheckInActor(by, scanner=device)
    verdict = admission.check_in(shown.event_id, presented, actor=actor)
    if verdict.reason:
        raise verdict.reason
    return verdict


def scan(event, text, *, nonce, by, device="", at=None, let_in=False) -> Verdict:
    """Send one reading of a code, as a scanner of the API does. `let_in`: it admitted offline."""
    actor = CheckInActor(by, scanner=device)
    return admission.check_in(
        event.pk, text, actor=actor, at=at, nonce=nonce, admitted_offline=let_in
    )
