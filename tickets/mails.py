"""The mails of the queue. Each builder reads the truth when the mail leaves, and returns None when its cause is gone."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from eventflow.mail import Letter
from eventflow.mail.letters import Attachment
from events.calendar import event_calendar
from events.colors import ink
from tickets import pdf
from tickets.models import Reservation, Ticket


def confirmed(reservation: int, serial: str) -> Letter | None:
    """You have a spot: with the ticket as PDF and the event as .ics. None once that ticket is void."""
    tickets = Ticket.objects.valid().select_related("event__organizer", "reservation__person", "reservation__event")
    ticket = tickets.filter(reservation=reservation, serial=serial).first()
    if ticket is None:
        return None
    attachments = [
        Attachment(pdf.file_name(ticket), pdf.render(ticket), "application/pdf"),
        Attachment("event.ics", event_calendar(ticket.event), "text/calendar"),
    ]
    facts = about(ticket.reservation) | {"ticket": ticket, "ticket_url": settings.SITE_URL + reverse("tickets:ticket", args=[reservation])}
    facts["heading"] = _("You have a spot at %(title)s") % facts
    facts["body"] = _("Your reservation is confirmed. Your ticket is attached as a PDF.")
    return Letter.render("confirmed", facts, attachments)


def rejected(reservation: int, decided: str) -> Letter | None:
    """No spot, with the organizer's words. None once that decision was taken back."""
    found = fetch(reservation)
    if found is None or not found.is_rejected or found.decided_at is None or found.decided_at.isoformat() != decided:
        return None
    facts = about(found) | {"words": found.message, "others_url": settings.SITE_URL + reverse("events:list")}
    facts["heading"] = _("Not this time: %(title)s") % facts
    facts["body"] = _("The organizer could not offer you a spot.")
    return Letter.render("rejected", facts)


def event_cancelled(reservation: int) -> Letter | None:
    """The event is called off, with the organizer's words."""
    found = fetch(reservation)
    if found is None:
        return None
    facts = about(found) | {"words": found.event.cancel_message}
    facts["heading"] = _("%(title)s is cancelled") % facts
    facts["body"] = _("The organizer cancelled this event, so there is nothing for you to do.")
    return Letter.render("event_cancelled", facts)


def fetch(reservation: int) -> Reservation | None:
    return Reservation.objects.select_related("event__organizer", "person").filter(pk=reservation).first()


def about(reservation: Reservation) -> dict[str, Any]:
    """What every mail of the queue says. `had_ticket`: a void one too, whose holder must learn that it is void."""
    event = reservation.event
    return {
        "reservation": reservation,
        "event": event,
        # In one line, whatever was put into it: it stands in the subject.
        "title": " ".join(event.title.split()),
        "had_ticket": reservation.tickets.exists(),
        "ink": ink(event),
        "event_url": settings.SITE_URL + event.get_absolute_url(),
    }
