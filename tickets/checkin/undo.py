"""The undo of a check-in, by a reservation or by the nonce of the scan that admitted the guest."""

from django.db import transaction
from django.utils.translation import gettext as _

from eventflow.core import audit
from eventflow.core.errors import Refused
from events import services as event_services
from tickets.checkin import lookup
from tickets.checkin.access import CheckInActor, may_check_in_now, may_undo, no_longer_allowed
from tickets.models import CheckInOutcome, Device, Reservation, Ticket
from tickets.queue.counters import save_counters


@transaction.atomic
def undo_check_in(reservation: Reservation, *, actor: CheckInActor) -> Ticket:
    """Make a ticket work again whose guest was checked in by mistake. Refused: as used_ticket."""
    event = event_services.lock(reservation.event_id)
    ticket = used_ticket(reservation, actor=actor)
    Ticket.objects.filter(pk=ticket.pk).change(
        checked_in_at=None, checked_in_by=None, checked_in_device=""
    )
    event.checked_in_count -= 1
    save_counters(event)
    facts = {"ticket": ticket.pk, "was": str(ticket.checked_in_at), "device": actor.name}
    audit.record("check_in.undo", reservation, by=actor.person, **facts)
    return lookup.with_guest_and_event(Ticket.objects.all()).get(pk=ticket.pk)


def used_ticket(reservation: Reservation, *, actor: CheckInActor) -> Ticket:
    """Return the used ticket whose check-in the actor may undo.

    Refused: event_over, not_checked_in, other_device.
    """
    valid = lookup.with_guest_and_event(Ticket.objects.valid())
    ticket = valid.filter(reservation=reservation.pk).first()
    if ticket and ticket.event.is_past:
        raise Refused("event_over", _("This event is over."))
    if ticket is None or not ticket.is_used:
        raise Refused("not_checked_in", _("This guest is not checked in."))
    if not may_undo(actor, ticket):
        raise Refused(
            "other_device",
            _("Another device let this guest in. Only that one or the organizer can undo it."),
        )
    return ticket


@transaction.atomic
def undo_scan(device: Device, nonce: str) -> None:
    """Undo the check-in that this device's scan of the nonce made.

    Refused: no_longer_allowed, nothing_to_undo, event_over, other_device.
    """
    if not may_check_in_now(device):
        raise no_longer_allowed()
    actor = CheckInActor.of_device(device)
    found = device.event.scans.select_related("ticket__reservation").filter(
        nonce=nonce, outcome=CheckInOutcome.ADMITTED
    )
    scan = found.sent_by(actor.person, actor.name).first()
    # An undo and another check-in may have happened since: that is another admission.
    if scan is None or scan.ticket is None or scan.ticket.checked_in_at != scan.at:
        raise Refused("nothing_to_undo", _("There is nothing to take back any more."))
    undo_check_in(scan.ticket.reservation, actor=actor)
