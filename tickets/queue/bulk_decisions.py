"""What an organizer decides about many reservations at once, in one transaction."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.observability.metrics import DECISION_SECONDS
from events import services as event_services
from events.models import Event
from tickets.models import Reservation
from tickets.queue.checks import (
    already_checked_in,
    already_decided,
    check_published,
    check_undoable,
)
from tickets.queue.counters import save_counters
from tickets.queue.promotion import promote
from tickets.queue.transitions import (
    change_status,
    give_seats,
    note_full,
    queue_rejection_mails,
    return_to_pending,
)

Status = Reservation.Status


@transaction.atomic
def undo_many(
    event: Event, reservations: Iterable[int], *, by: User, before_mail: bool = False
) -> tuple[list[int], dict[int, Refused]]:
    """Take these decisions back, each as `undo` does.

    Returns the ids that are pending again, and for each of the others why it is not.
    """
    event, done, refusals = event_services.lock(event.pk), [], {}
    found = list(
        event.reservations.filter(pk__in=set(reservations))
        .in_queue_order()
        .select_related("person")
        .with_entry()
    )
    rejected = [reservation.person_id for reservation in found if reservation.is_rejected]
    back = set(
        event.reservations.active().filter(person__in=rejected).values_list("person", flat=True)
    )
    for reservation in found:
        try:
            again = reservation.is_rejected and reservation.person_id in back
            check_undoable(event, reservation, again=again, before_mail=before_mail)
        except Refused as refusal:
            refusals[reservation.pk] = refusal
        else:
            done.append(reservation)
    return_to_pending(event, done, by=by)
    promote(event)
    save_counters(event)
    return [reservation.pk for reservation in done], refusals


@DECISION_SECONDS.labels("confirm_many").time()
@transaction.atomic
def confirm_many(
    event: Event, reservations: Iterable[int], *, by: User
) -> tuple[list[int], dict[int, Refused]]:
    """Confirm these of the event's reservations, in queue order, as far as the seats reach.

    Returns the ids that were confirmed, and for each of the others why not.
    """
    event, found, refusals = for_bulk(event, reservations)
    done, too_many = confirm_as_far_as_seats_reach(event, found, by=by)
    return done, refusals | too_many


@DECISION_SECONDS.labels("confirm_many").time()
@transaction.atomic
def confirm_next(event: Event, number: int, *, by: User) -> tuple[list[int], dict[int, Refused]]:
    """Confirm the first `number` of the queue as it is now, as far as the seats reach.

    Returns the ids that were confirmed, and for each of the others why not.
    Refused: event_not_open.
    """
    event = event_services.lock(event.pk)
    check_published(event)
    head = event.reservations.pending().in_queue_order().select_related("person")
    return confirm_as_far_as_seats_reach(event, list(head[:number]), by=by)


def confirm_as_far_as_seats_reach(
    event: Event, reservations: Sequence[Reservation], *, by: User
) -> tuple[list[int], dict[int, Refused]]:
    """Confirm the first of these pending reservations, one for each free seat.

    The caller holds the lock.
    """
    chosen, others = reservations[: event.seats_left], reservations[event.seats_left :]
    give_seats(event, chosen, by=by)
    if chosen:
        note_full(event, by=by)
    save_counters(event)
    refusals = {other.pk: Refused("event_full", _("No spot left.")) for other in others}
    return [reservation.pk for reservation in chosen], refusals


@DECISION_SECONDS.labels("reject_many").time()
@transaction.atomic
def reject_many(
    event: Event,
    reservations: Iterable[int],
    *,
    by: User,
    message: str = "",
    seen: str = Status.PENDING,
) -> tuple[list[int], dict[int, Refused]]:
    """Reject those of these reservations that still have the status `seen`.

    `seen`: pending, or confirmed to take their seats back.
    Returns the ids that were rejected, and for each of the others why not.
    """
    event, found, refusals = for_bulk(event, reservations, seen=seen)
    refusals |= {
        reservation.pk: already_checked_in() for reservation in found if reservation.inside
    }
    found = [reservation for reservation in found if not reservation.inside]
    change_status(event, found, Status.REJECTED, by=by, message=message.strip())
    audit.record_many(
        [audit.entry("reservation.reject", reservation, by=by) for reservation in found]
    )
    queue_rejection_mails(found)
    promote(event)
    save_counters(event)
    return [reservation.pk for reservation in found], refusals


def for_bulk(
    event: Event, reservations: Iterable[int], *, seen: str = Status.PENDING
) -> tuple[Event, list[Reservation], dict[int, Refused]]:
    """Lock the event and fetch those of these reservations that have the status `seen`.

    Returns the event, the reservations in queue order and with `inside`, and for each of the others
    why it is not among them. Refused: event_not_open.
    """
    event = event_services.lock(event.pk)
    check_published(event)
    wanted = set(reservations)
    found = list(
        event.reservations.filter(pk__in=wanted, status=seen)
        .in_queue_order()
        .select_related("person")
        .with_entry()
    )
    decided = wanted - {reservation.pk for reservation in found}
    return event, found, {pk: already_decided() for pk in sorted(decided)}
