"""The mails to guests about their reservation.

Each builder reads the database when the mail leaves, and returns None when its cause is gone.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from eventflow.core.text_direction import isolated
from eventflow.mail import Letter, mail_builder
from eventflow.mail.letters import Attachment
from events.calendar import calendar_method, event_calendar
from events.colors import dark_color
from events.date_text import day_in_line, hours
from events.models import Event
from tickets.models import Announcement, Reservation, Ticket
from tickets.ticket import links, pdf


def pending_reservation(reservation: int) -> Reservation | None:
    """Return the reservation with its position; None if it is not pending any more.

    Then its guest gets another mail.
    """
    pending = Reservation.objects.pending().select_related("event__organizer", "person")
    return pending.with_position().filter(pk=reservation).first()


@mail_builder("tickets.queued", formerly="tickets.mails.queued")
def queued(reservation: int) -> Letter | None:
    """You are in the queue, with your position."""
    found = pending_reservation(reservation)
    if found is None:
        return None
    facts = facts_of(found) | {"position": found.position}
    facts["heading"] = _("You are in the queue for %(title)s") % facts
    place = _("Your place in the queue: %(position)d.") % facts
    facts["body"] = f"{place} {what_happens_next(found.event)}"
    return letter("queued", facts)


@mail_builder("tickets.waits_again", formerly="tickets.mails.waits_again")
def waits_again(reservation: int) -> Letter | None:
    """A decision that the guest had a mail about is taken back."""
    found = pending_reservation(reservation)
    if found is None:
        return None
    facts = facts_of(found) | {"position": found.position}
    facts["heading"] = _("You are in the queue again for %(title)s") % facts
    body = [_("The organizer took back the decision about your reservation.")]
    if found.tickets.void_after_mail().exists():
        body.append(_("Your ticket no longer works."))
    body += [_("Your place in the queue: %(position)d.") % facts, what_happens_next(found.event)]
    facts["body"] = " ".join(body)
    return letter("queued", facts, calendar_removal(facts))


def what_happens_next(event: Event) -> str:
    """Return a sentence for a pending guest: who decides, and when they get a mail."""
    if not event.is_full:
        return _(
            "The organizer decides about each reservation. We write to you as soon as they do."
        )
    if event.is_automatic:
        return _(
            "The event is full. When a spot frees up, the first in line gets it, and we write to "
            "you at once."
        )
    return _(
        "The event is full. When a spot frees up, the organizer decides who gets it, and we write "
        "to you."
    )


@mail_builder("tickets.confirmed", formerly="tickets.mails.confirmed")
def confirmed(reservation: int, serial: str) -> Letter | None:
    """You have a spot: with the ticket as PDF and the event as .ics.

    `serial`: the ticket's; None once that ticket is void.
    """
    needed = ["event__organizer", "reservation__person", "reservation__event"]
    tickets = Ticket.objects.valid().select_related(*needed)
    ticket = tickets.filter(reservation=reservation, serial=serial).first()
    if ticket is None:
        return None
    paper = Attachment(pdf.file_name(ticket), pdf.render(ticket), "application/pdf")
    attachments = [paper, calendar_file(ticket.event)]
    facts = facts_of(ticket.reservation)
    facts |= {"ticket": ticket, "ticket_url": ticket_url(ticket.reservation)}
    facts["heading"] = _("You have a spot at %(title)s") % facts
    facts["body"] = _("Your reservation is confirmed. Your ticket is attached as a PDF.")
    return letter("confirmed", facts, attachments)


@mail_builder("tickets.rejected", formerly="tickets.mails.rejected")
def rejected(reservation: int, decided: str) -> Letter | None:
    """You have no spot, with the organizer's message.

    `decided`: when it was decided; None once that decision was taken back.
    """
    found = fetch(reservation)
    if found is None or not found.is_rejected or found.decided_at is None:
        return None
    if found.decided_at.isoformat() != decided:
        return None
    others_url = settings.SITE_URL + reverse("events:list")
    facts = facts_of(found) | {"words": found.message, "others_url": others_url}
    facts["heading"] = _("Not this time: %(title)s") % facts
    facts["body"] = _("The organizer could not offer you a spot.")
    return letter("rejected", facts, calendar_removal(facts))


@mail_builder("tickets.cancelled", formerly="tickets.mails.cancelled")
def cancelled(reservation: int) -> Letter | None:
    """The reservation is cancelled by its guest, or by a person who has the link of a mail."""
    found = fetch(reservation)
    if found is None or not found.is_cancelled:
        return None
    facts = facts_of(found)
    facts["heading"] = _("You are not going to %(title)s") % facts
    facts["body"] = _("Your reservation is cancelled, as you asked.")
    return letter("cancelled", facts, calendar_removal(facts))


@mail_builder("tickets.event_cancelled", formerly="tickets.mails.event_cancelled")
def event_cancelled(reservation: int) -> Letter | None:
    """The event is cancelled, with the organizer's message."""
    found = fetch(reservation)
    if found is None:
        return None
    facts = facts_of(found) | {"words": found.event.cancel_message}
    facts["heading"] = _("%(title)s is cancelled") % facts
    facts["body"] = _("The organizer cancelled this event, so there is nothing for you to do.")
    return letter("event_cancelled", facts, calendar_removal(facts))


@mail_builder("tickets.moved", formerly="tickets.mails.moved")
def moved(
    reservation: int, sequence: int, event: int | None = None, was: dict[str, str] | None = None
) -> Letter | None:
    """The event is at another time or place.

    `sequence`: the number of the change; None once the event was changed again, which has a mail of
    its own, or is as it was before. `was`: start, end and place as the guests know them, by field;
    mails of older versions have none.
    """
    found = fetch(reservation)
    if found is None or not found.is_active or found.event.sequence != sequence:
        return None
    before = changed_since(found.event, was) if was else {}
    if was and not before:
        return None
    facts = facts_of(found) | {"was": before}
    facts["heading"] = _("%(title)s has moved") % facts
    if found.is_confirmed:
        facts["body"] = _("The organizer changed when or where it happens. You keep your spot.")
    else:
        facts["body"] = _(
            "The organizer changed when or where it happens. You keep your place in the queue."
        )
    return letter("moved", facts, [calendar_file(found.event)] if found.is_confirmed else [])


@mail_builder("tickets.reminder", formerly="tickets.mails.reminder")
def reminder(reservation: int, start: str) -> Letter | None:
    """The event is tomorrow.

    `start`: when it begins; None for an event that was moved, and for a guest without a seat.
    """
    found = fetch(reservation)
    if found is None or not found.is_confirmed:
        return None
    if found.event.start_time.isoformat() != start or found.event.has_started:
        return None
    facts = facts_of(found) | {"ticket_url": ticket_url(found)}
    facts["heading"] = _("Soon: %(title)s") % facts
    facts["body"] = _(
        "You have a spot. Open your ticket with the button below and show its code at the door."
    )
    return letter("reminder", facts)


@mail_builder("tickets.announcement", formerly="tickets.mails.announcement")
def announcement(announcement: int, reservation: int) -> Letter | None:
    """An organizer's message to guests. None once it was taken back, or the guest has cancelled."""
    message = Announcement.objects.filter(pk=announcement, withdrawn_at=None).first()
    found = fetch(reservation)
    if message is None or found is None or not may_read(found, message):
        return None
    heading = isolated(" ".join(message.subject.split()))
    facts = facts_of(found) | {"words": message.body, "heading": heading}
    facts["body"] = _("The organizer of %(title)s wrote to you:") % facts
    return letter("announcement", facts)


def changed_since(event: Event, was: dict[str, str]) -> dict[str, str]:
    """Return what was different before, in words, by `when` and `where`."""
    before = Event(
        location=was["location"],
        time_zone=event.time_zone,
        start_time=datetime.fromisoformat(was["start_time"]),
        end_time=datetime.fromisoformat(was["end_time"]),
    )
    both = {
        "when": (times_in_line(event), times_in_line(before)),
        "where": (event.location, before.location),
    }
    return {name: then for name, (now, then) in both.items() if now != then}


def times_in_line(event: Event) -> str:
    """Return the event's times in one line: `Thursday, 10 December, 18:30–20:30`."""
    return f"{day_in_line(event.local_start)}, {hours(event)}"


def may_read(reservation: Reservation, message: Announcement) -> bool:
    """Whether the message is still for this guest.

    Their reservation is active; or it was when the event was cancelled, and the message was
    written after that.
    """
    if reservation.is_active:
        return True
    cancelled_at = reservation.event.cancelled_at
    had_place = bool(reservation.status_at_cancellation)
    return had_place and cancelled_at is not None and message.created >= cancelled_at


def fetch(reservation: int) -> Reservation | None:
    with_people = Reservation.objects.select_related("event__organizer", "person")
    return with_people.filter(pk=reservation).first()


def facts_of(reservation: Reservation) -> dict[str, Any]:
    """Return what every mail to a guest shows.

    `had_ticket`: of a void ticket too, because its holder must be told that it is void.
    """
    event = reservation.event
    return {
        "reservation": reservation,
        "event": event,
        # In one line, because it is part of the subject.
        "title": isolated(" ".join(event.title.split())),
        "had_ticket": reservation.tickets.exists(),
        "ink": dark_color(event),
        "event_url": settings.SITE_URL + event.get_absolute_url(),
        "cancel_url": links.cancel_url(reservation) if reservation.is_active else "",
    }


def letter(
    template: str, facts: dict[str, Any], attachments: list[Attachment] | None = None
) -> Letter:
    """Return a mail to a guest. An answer to it goes to the event's contact, if there is one."""
    return Letter.render(template, facts, attachments, reply_to=facts["event"].contact_email)


def ticket_url(reservation: Reservation) -> str:
    return settings.SITE_URL + reverse("tickets:ticket", args=[reservation.pk])


def calendar_file(event: Event, *, attending: bool = True) -> Attachment:
    return Attachment(
        "event.ics",
        event_calendar(event, attending=attending),
        "text/calendar",
        {"method": calendar_method(event, attending=attending), "charset": "utf-8"},
    )


def calendar_removal(facts: dict[str, Any]) -> list[Attachment]:
    """Return the file that removes the event from the calendar of a guest who had a ticket."""
    return [calendar_file(facts["event"], attending=False)] if facts["had_ticket"] else []
