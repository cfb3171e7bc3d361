"""The mails of the queue. Each builder reads the truth when the mail leaves, and returns None when its cause is gone."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from eventflow.direction import isolated
from eventflow.mail import Letter
from eventflow.mail.letters import Attachment
from events.calendar import event_calendar, method
from events.colors import ink
from events.models import Event
from tickets import links, pdf
from tickets.models import Announcement, Reservation, Ticket


def confirmed(reservation: int, serial: str) -> Letter | None:
    """You have a spot: with the ticket as PDF and the event as .ics. None once that ticket is void."""
    tickets = Ticket.objects.valid().select_related("event__organizer", "reservation__person", "reservation__event")
    ticket = tickets.filter(reservation=reservation, serial=serial).first()
    if ticket is None:
        return None
    attachments = [
        Attachment(pdf.file_name(ticket), pdf.render(ticket), "application/pdf"),
        calendar_file(ticket.event),
    ]
    facts = about(ticket.reservation) | {"ticket": ticket, "ticket_url": ticket_url(ticket.reservation)}
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
    return Letter.render("rejected", facts, out_of_the_calendar(facts))


def cancelled(reservation: int) -> Letter | None:
    """The guest gave the place back: so that they know, whoever pressed the button, and that their calendar does."""
    found = fetch(reservation)
    if found is None or not found.is_cancelled:
        return None
    facts = about(found)
    facts["heading"] = _("You are not going to %(title)s") % facts
    facts["body"] = _("Your reservation is cancelled, as you asked.")
    return Letter.render("cancelled", facts, out_of_the_calendar(facts))


def event_cancelled(reservation: int) -> Letter | None:
    """The event is called off, with the organizer's words."""
    found = fetch(reservation)
    if found is None:
        return None
    facts = about(found) | {"words": found.event.cancel_message}
    facts["heading"] = _("%(title)s is cancelled") % facts
    facts["body"] = _("The organizer cancelled this event, so there is nothing for you to do.")
    return Letter.render("event_cancelled", facts, out_of_the_calendar(facts))


def moved(reservation: int, sequence: int) -> Letter | None:
    """It is at another time or place now. None once it was changed again, which has a mail of its own."""
    found = fetch(reservation)
    if found is None or not found.is_live or found.event.sequence != sequence:
        return None
    facts = about(found)
    facts["heading"] = _("%(title)s has moved") % facts
    facts["body"] = _("The organizer changed when or where it happens. You keep your place; this is how it stands now.")
    return Letter.render("moved", facts, [calendar_file(found.event)] if found.is_confirmed else [])


def reminder(reservation: int, start: str) -> Letter | None:
    """It is tomorrow. None for those who left, and for an event that is at another time by now."""
    found = fetch(reservation)
    if found is None or not found.is_confirmed or found.event.start_time.isoformat() != start or found.event.has_started:
        return None
    facts = about(found) | {"ticket_url": ticket_url(found)}
    facts["heading"] = _("Soon: %(title)s") % facts
    facts["body"] = _("You have a spot. Your ticket is behind the button; show its code at the door.")
    return Letter.render("reminder", facts)


def announcement(announcement: int, reservation: int) -> Letter | None:
    """The organizer's own words to their guests. None once they were taken back, or the guest has left."""
    said = Announcement.objects.filter(pk=announcement, withdrawn_at=None).first()
    found = fetch(reservation)
    if said is None or found is None or not may_read(found, said):
        return None
    facts = about(found) | {"words": said.body, "heading": isolated(" ".join(said.subject.split()))}
    facts["body"] = _("The organizer of %(title)s wrote to you.") % facts
    return Letter.render("announcement", facts)


def may_read(reservation: Reservation, said: Announcement) -> bool:
    """Whether its guest is still meant: they hold a place, or held one when the event was cancelled and this was written after that."""
    cancelled_at = reservation.event.cancelled_at
    return reservation.is_live or bool(reservation.status_at_cancellation and cancelled_at and said.created >= cancelled_at)


def fetch(reservation: int) -> Reservation | None:
    return Reservation.objects.select_related("event__organizer", "person").filter(pk=reservation).first()


def about(reservation: Reservation) -> dict[str, Any]:
    """What every mail of the queue says. `had_ticket`: a void one too, whose holder must learn that it is void."""
    event = reservation.event
    return {
        "reservation": reservation,
        "event": event,
        # In one line, whatever was put into it: it stands in the subject.
        "title": isolated(" ".join(event.title.split())),
        "had_ticket": reservation.tickets.exists(),
        "ink": ink(event),
        "event_url": settings.SITE_URL + event.get_absolute_url(),
        "leave_url": links.leave_url(reservation) if reservation.is_live else "",
    }


def ticket_url(reservation: Reservation) -> str:
    return settings.SITE_URL + reverse("tickets:ticket", args=[reservation.pk])


def calendar_file(event: Event, *, going: bool = True) -> Attachment:
    return Attachment("event.ics", event_calendar(event, going=going), "text/calendar", {"method": method(event, going=going)})


def out_of_the_calendar(facts: dict[str, Any]) -> list[Attachment]:
    """For those who may have put it there."""
    return [calendar_file(facts["event"], going=False)] if facts["had_ticket"] else []
