"""What the page of an event shows, and that page as everybody without a session gets it."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from events import sharing
from events.models import Event


def context(event: Event, *, manages: bool = False, helps: bool = False) -> dict[str, Any]:
    """What the page of an event needs: `manages` and `helps` are what this person may do there."""
    share = sharing.link_preview(event)
    return {"event": event, "manages": manages, "helps": helps, "share": share}


def render_anonymous(request: HttpRequest, event: Event) -> str:
    """The page without anything of its reader. Django makes no CSRF token where one is given."""
    facts = context(event) | {"csrf_token": ""}
    return render_to_string("events/detail.html", facts, request)
