"""What a live socket sends: an event's counts at one moment, as JSON or as HTML snippets."""

import json
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import parse_qs

from django.template.loader import render_to_string

from events.models import Event

FIELDS = ("seats_limit", "confirmed_count", "pending_count", "checked_in_count")
# The parts of a page that a socket can replace: each is the element with the id `live-<part>`.
# Frames hold them in this order.
PARTS = ("confirmed", "pending", "checked-in", "spots-left", "seats-limit", "bar", "bar-door")

# Which snippets a socket gets; None for JSON.
type Parts = tuple[str, ...] | None


class Frame:
    """The counts of one moment. Each text is written once, however many sockets it is sent to."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.counts = tuple(getattr(event, name) for name in FIELDS)
        self.snippets: dict[tuple[str, ...], str] = {}

    @classmethod
    def from_plain(cls, plain: Mapping[str, int]) -> "Frame":
        """The frame that `plain()` described."""
        return cls(Event(**plain))

    def plain(self) -> dict[str, int]:
        """The event's id and its counts as plain data, which may stand in an ASGI message."""
        return {"id": self.event.pk, **dict(zip(FIELDS, self.counts, strict=True))}

    def text(self, parts: Parts) -> str:
        """The frame as a socket with these parts asked for it."""
        return self.json if parts is None else self.html(parts)

    @cached_property
    def json(self) -> str:
        event = self.event
        return json.dumps(
            {
                "type": "metrics",
                "event_id": event.pk,
                "confirmed_count": event.confirmed_count,
                "pending_count": event.pending_count,
                "checked_in_count": event.checked_in_count,
                "spots_left": event.seats_left,
            }
        )

    def html(self, parts: tuple[str, ...]) -> str:
        """The snippets of these parts, each with the `hx-swap-oob` that puts it in its place."""
        if parts not in self.snippets:
            self.snippets[parts] = render_to_string(
                "events/_live.html", {"event": self.event, "parts": parts}
            )
        return self.snippets[parts]


def requested_parts(query: bytes) -> Parts:
    """What a socket's query string asks for.

    None, for JSON, unless it says `format=html`; then the parts named in `parts=a,b`. Unknown names
    are ignored; where no name is left, all parts are meant. Order and repetition do not count, so
    that one frame has no more than 2 ** len(PARTS) texts.
    """
    asked = parse_qs(query.decode("latin1"))
    if asked.get("format") != ["html"]:
        return None
    named = set(",".join(asked.get("parts", [])).split(","))
    return tuple(part for part in PARTS if part in named) or PARTS
