"""The mails of events that are not about a reservation.

A builder reads the database when the mail is sent, and returns None if there is no reason any more.
"""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from eventflow.core.text_direction import isolated
from eventflow.mail import Letter, mail_builder
from events.colors import dark_color
from events.models import DoorStaff


@mail_builder("events.door_staff", formerly="events.mails.door_staff")
def door_staff(staff: int) -> Letter | None:
    """The invitation to check in at an event; None once it was taken back."""
    found = DoorStaff.objects.select_related("event__organizer", "person").filter(pk=staff).first()
    if found is None or found.event.is_cancelled:
        return None
    event = found.event
    title = isolated(" ".join(event.title.split()))
    path = (
        reverse("tickets:check_in", args=[event.pk]) if found.person else reverse("account_signup")
    )
    facts = {
        "event": event,
        "title": title,
        "ink": dark_color(event),
        "is_invited": found.person is None,
        "address": found.email,
        "url": settings.SITE_URL + path,
        "heading": _("Help at the door of %(title)s") % {"title": title},
        "body": _("You were asked to check tickets in at this event. Your phone is all you need."),
    }
    return Letter.render("door_staff", facts)
