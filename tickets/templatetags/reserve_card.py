"""The reserve card and its drawings, for pages that don't know about reservations."""

from typing import Any

from django import template
from django.template import Context
from django.utils.translation import pgettext

from events.models import Event
from tickets.queue.card import Card, card_of

register = template.Library()

# More heads than this don't fit on a phone; the words say how many there are.
MOST_AHEAD, MOST_BEHIND = 8, 2
STEP = 22


@register.inclusion_tag("tickets/_reserve_card.html", takes_context=True)
def reserve_card(context: Context, event: Event) -> dict[str, Any]:
    """The person's card for this event, and the dialog that belongs to it.

    Its forms take the request, for whom they are drawn, and Django's token.
    """
    request = context["request"]
    return {"card": card_of(event, request.user), "user": request.user, "request": request}


@register.filter
def line(card: Card) -> list[dict[str, Any]]:
    """The people of the queue as circles: those ahead, you, some behind."""
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
