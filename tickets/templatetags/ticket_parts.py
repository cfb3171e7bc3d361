"""Texts about a ticket and its check-in, for the ticket's page and check-in's pages."""

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from eventflow.core.text_direction import isolated
from events.date_text import clock, short_day
from events.models import Event
from tickets.checkin.scan_times import in_event_zone
from tickets.models import Scan, Ticket
from tickets.ticket import lettering

register = template.Library()


@register.filter
def entered(ticket: Ticket) -> str:
    """Say when the ticket was used, in the event's time zone: `18:04`, on another day with the day.

    Empty if it was not used.
    """
    if ticket.checked_in_at is None:
        return ""
    at = in_event_zone(ticket.checked_in_at, ticket.event)
    is_today = at.date() == timezone.localdate(timezone=ticket.event.zone)
    return clock(at) if is_today else f"{short_day(at)}, {clock(at)}"


@register.simple_tag
def scanned(scan: Scan) -> str:
    """Say when, where and by whom the ticket was read: `18:04, Gate 2, Tomasz Lis`."""
    at = in_event_zone(scan.at, scan.event)
    return ", ".join(
        isolated(part) for part in (f"{short_day(at)}, {clock(at)}", scan.device, scan.by) if part
    )


@register.simple_tag
def reason(scan: Scan) -> str:
    """Say why the ticket was not valid at the time of the scan."""
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
    """Return the words of the event's title and place that the PDF of a ticket leaves out.

    They are left out because none of its fonts has their letters.
    """
    return " ".join(lettering.unreadable(f"{event.title} {event.location}"))
