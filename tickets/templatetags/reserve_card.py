"""The reserve card as a template tag, for pages of events, and the drawing of its queue."""

from typing import Any

from django import template
from django.template import Context
from django.utils.translation import pgettext

from events.models import Event
from tickets.queue.card import Card, card_of

register = template.Library()

# More circles than this don't fit on a phone; the text says how many people there are.
MOST_AHEAD, MOST_BEHIND = 8, 2
STEP = 22


@register.inclusion_tag("tickets/_reserve_card.html", takes_context=True)
def reserve_card(context: Context, event: Event) -> dict[str, Any]:
    """Render the person's card for this event, with its dialog.

    Its forms need the request, for the CSRF token.
    """
    request = context["request"]
    return {"card": card_of(event, request.user), "user": request.user, "request": request}


@register.filter
def line(card: Card) -> list[dict[str, Any]]:
    """Return the queue as circles: the people ahead, the person, some of those behind."""
    ahead = min(card.ahead, MOST_AHEAD)
    behind = min(max(0, card.event.pending_count - card.ahead - 1), MOST_BEHIND)
    you = 38 + STEP * ahead + (3 if ahead else 0)
    heads = [{"kind": "ahead", "x": 38 + STEP * i, "r": "7"} for i in range(ahead)]
    heads.append({"kind": "you", "x": you, "r": "10.5"})
    return heads + [{"kind": "behind", "x": you + 25 + STEP * i, "r": "7"} for i in range(behind)]


@register.filter
def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`; other languages write theirs into the four messages."""
    ending = 4 if 11 <= number % 100 <= 13 else number % 10
    if ending == 1:
        words = pgettext("place in the queue, English 1st, 21st", "%(number)dst")
    elif ending == 2:
        words = pgettext("place in the queue, English 2nd, 22nd", "%(number)dnd")
    elif ending == 3:
        words = pgettext("place in the queue, English 3rd, 23rd", "%(number)drd")
    else:
        words = pgettext("place in the queue, English 4th, 11th", "%(number)dth")
    return words % {"number": number}
