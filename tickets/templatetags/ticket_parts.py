"""How a ticket's entry is told on the ticket and at the door."""

from django import template
from django.utils import timezone

from events.templatetags.event_parts import clock, short_day
from tickets.models import Ticket

register = template.Library()


@register.filter
def entered(ticket: Ticket) -> str:
    """When the ticket was used, on the clock of the place: `18:04`, with the day when that isn't today. Nothing if it wasn't."""
    if ticket.checked_in_at is None:
        return ""
    at = ticket.checked_in_at.astimezone(ticket.event.zone)
    return clock(at) if at.date() == timezone.localdate(timezone=ticket.event.zone) else f"{short_day(at)}, {clock(at)}"
