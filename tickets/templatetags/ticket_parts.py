"""How a ticket's entry is told on the ticket and at the door."""

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from eventflow.core.text_direction import isolated
from events.date_text import clock, short_day
from events.models import Event
from tickets.checkin.scan_times import at_the_place
from tickets.models import Scan, Ticket
from tickets.ticket import lettering

register = template.Library()


@register.filter
def entered(ticket: Ticket) -> str:
    """When the ticket was used, on the clock of the place: `18:04`, with the day when that isn't today. Nothing if it wasn't."""
    if ticket.checked_in_at is None:
        return ""
    at = at_the_place(ticket.checked_in_at, ticket.event)
    return (
        clock(at)
        if at.date() == timezone.localdate(timezone=ticket.event.zone)
        else f"{short_day(at)}, {clock(at)}"
    )


@register.simple_tag
def scanned(scan: Scan) -> str:
    """When, where and by whom a door read the ticket: `18:04, Gate 2, Tomasz Lis`."""
    at = at_the_place(scan.at, scan.event)
    return ", ".join(
        isolated(part) for part in (f"{short_day(at)}, {clock(at)}", scan.device, scan.by) if part
    )


@register.simple_tag
def reason(scan: Scan) -> str:
    """Why the ticket was not valid, when somebody looks back at it."""
    words = {
        "ticket_void": _(
            "The reservation was no longer confirmed, or a newer ticket had replaced this one."
        ),
        "event_cancelled": _("The event was cancelled."),
        "wrong_event": _("The ticket is for another event."),
        "forged_ticket": _("The code was not issued here."),
        "no_longer_allowed": _("The phone was no longer allowed to check tickets in."),
        "impossible_time": _("The phone’s clock was wrong: the time of the scan can’t be right."),
    }
    return words.get(scan.reason, _("The code is not a ticket of this event."))


@register.simple_tag
def left_out_on_paper(event: Event) -> str:
    """The words of the event's title and place that a paper ticket leaves out, because none of its fonts has their letters."""
    return " ".join(lettering.unreadable(f"{event.title} {event.location}"))
