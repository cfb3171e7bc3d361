"""The mails of the queue. Each builder reads the truth when the mail leaves, and returns None when its cause is gone."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    """The reservation with its position; None for a guest who does not wait any more, and so has another mail."""
    pending = Reservation.objects.pending().select_related("event__organizer", "person")
    return pending.with_position().filter(pk=reservation).first()


@mail_builder("tickets.queued", formerly="tickets.mails.queued")
def queued(reservation: int) -> Letter | None:
    """You are in the queue, and at which place."""
    found = pending_reservation(reservation)
    if found is None:
        return None
    facts = about(found) | {"position": found.position}
    facts["heading"] = _("You are in the queue for %(title)s") % facts
    facts["body"] = (
        _("Your place in the queue: %(position)d.") % facts + " " + what_happens_next(found.event)
    )
    return letter("queued", facts)


@mail_builder("tickets.waits_again", formerly="tickets.mails.waits_again")
def waits_again(reservation: int) -> Letter | None:
    """A decision that the guest was told of is taken back."""
    found = pending_reservation(reservation)
    if found is None:
        return None
    facts = about(found) | {"position": found.position}
    facts["heading"] = _("You are in the queue again for %(title)s") % facts
    body = [_("The organizer took back the decision about your reservation.")]
    if found.tickets.void_after_mail().exists():
        body.append(_("Your ticket no longer works."))
    body += [_("Your place in the queue: %(position)d.") % facts, what_happens_next(found.event)]
    facts["body"] = " ".join(body)
    return letter("queued", facts, out_of_the_calendar(facts))


def what_happens_next(event: Event) -> str:
    """For a guest who waits: who decides, and when they hear of it."""
    if not event.is_full:
        return _(
            "The organizer decides about each reservation. We write to you as soon as they do."
        )
    if event.is_automatic:
        return _(
            "The event is full. When a spot frees up, the first in line gets it, and we write to you at once."
        )
    return _(
        "The event is full. When a spot frees up, the organizer decides who gets it, and we write to you."
    )


@mail_builder("tickets.confirmed", formerly="tickets.mails.confirmed")
def confirmed(reservation: int, serial: str) -> Letter | None:
    """You have a spot: with the ticket as PDF and the event as .ics. None once that ticket is void."""
    tickets = Ticket.objects.valid().select_related(
        "event__organizer", "reservation__person", "reservation__event"
    )
    ticket = tickets.filter(reservation=reservation, serial=serial).first()
    if ticket is None:
        return None
    attachments = [
        Attachment(pdf.file_name(ticket), pdf.render(ticket), "application/pdf"),
        calendar_file(ticket.event),
    ]
    facts = about(ticket.reservation) | {
        "ticket": ticket,
        "ticket_url": ticket_url(ticket.reservation),
    }
    facts["heading"] = _("You have a spot at %(title)s") % facts
    facts["body"] = _("Your reservation is confirmed. Your ticket is attached as a PDF.")
    return letter("confirmed", facts, attachments)


@mail_builder("tickets.rejected", formerly="tickets.mails.rejected")
def rejected(reservation: int, decided: str) -> Letter | None:
    """No spot, with the organizer's words. None once that decision was taken back."""
    found = fetch(reservation)
    if (
        found is None
        or not found.is_rejected
        or found.decided_at is None
        or found.decided_at.isoformat() != decided
    ):
        return None
    facts = about(found) | {
        "words": found.message,
        "others_url": settings.SITE_URL + reverse("events:list"),
    }
    facts["heading"] = _("Not this time: %(title)s") % facts
    facts["body"] = _("The organizer could not offer you a spot.")
    return letter("rejected", facts, out_of_the_calendar(facts))


@mail_builder("tickets.cancelled", formerly="tickets.mails.cancelled")
def cancelled(reservation: int) -> Letter | None:
    """The guest gave the place back: so that they know, whoever pressed the button, and that their calendar does."""
    found = fetch(reservation)
    if found is None or not found.is_cancelled:
        return None
    facts = about(found)
    facts["heading"] = _("You are not going to %(title)s") % facts
    facts["body"] = _("Your reservation is cancelled, as you asked.")
    return letter("cancelled", facts, out_of_the_calendar(facts))


@mail_builder("tickets.event_cancelled", formerly="tickets.mails.event_cancelled")
def event_cancelled(reservation: int) -> Letter | None:
    """The event is called off, with the organizer's words."""
    found = fetch(reservation)
    if found is None:
        return None
    facts = about(found) | {"words": found.event.cancel_message}
    facts["heading"] = _("%(title)s is cancelled") % facts
    facts["body"] = _("The organizer cancelled this event, so there is nothing for you to do.")
    return letter("event_cancelled", facts, out_of_the_calendar(facts))


@mail_builder("tickets.moved", formerly="tickets.mails.moved")
def moved(
    reservation: int, sequence: int, event: int | None = None, was: dict[str, str] | None = None
) -> Letter | None:
    """It is at another time or place now. None once it was changed again, which has a mail of its own, or is as it was.

    `was`: its start, end and place as the guests know them, by field. Mails of older versions have none.
    """
    found = fetch(reservation)
    if found is None or not found.is_active or found.event.sequence != sequence:
        return None
    before = changed_since(found.event, was) if was else {}
    if was and not before:
        return None
    facts = about(found) | {"was": before}
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
    """It is tomorrow. None for those who left, and for an event that is at another time by now."""
    found = fetch(reservation)
    if (
        found is None
        or not found.is_confirmed
        or found.event.start_time.isoformat() != start
        or found.event.has_started
    ):
        return None
    facts = about(found) | {"ticket_url": ticket_url(found)}
    facts["heading"] = _("Soon: %(title)s") % facts
    facts["body"] = _(
        "You have a spot. Open your ticket with the button below and show its code at the door."
    )
    return letter("reminder", facts)


@mail_builder("tickets.announcement", formerly="tickets.mails.announcement")
def announcement(announcement: int, reservation: int) -> Letter | None:
    """The organizer's own words to their guests. None once they were taken back, or the guest has left."""
    said = Announcement.objects.filter(pk=announcement, withdrawn_at=None).first()
    found = fetch(reservation)
    if said is None or found is None or not may_read(found, said):
        return None
    facts = about(found) | {"words": said.body, "heading": isolated(" ".join(said.subject.split()))}
    facts["body"] = _("The organizer of %(title)s wrote to you:") % facts
    return letter("announcement", facts)


def changed_since(event: Event, was: dict[str, str]) -> dict[str, str]:
    """What of `when` and `where` is different now, and what it was, in words."""
    before = Event(
        location=was["location"],
        time_zone=event.time_zone,
        start_time=datetime.fromisoformat(was["start_time"]),
        end_time=datetime.fromisoformat(was["end_time"]),
    )
    both = {
        "when": (when_it_is(event), when_it_is(before)),
        "where": (event.location, before.location),
    }
    return {name: then for name, (now, then) in both.items() if now != then}


def when_it_is(event: Event) -> str:
    """In a line: `Thursday, 10 December, 18:30–20:30`."""
    return f"{day_in_line(event.local_start)}, {hours(event)}"


def may_read(reservation: Reservation, said: Announcement) -> bool:
    """Whether its guest is still meant: they hold a place, or held one when the event was cancelled and this was written after that."""
    cancelled_at = reservation.event.cancelled_at
    return reservation.is_active or bool(
        reservation.status_at_cancellation and cancelled_at and said.created >= cancelled_at
    )


@mail_builder("tickets.organizer_news", formerly="tickets.mails.organizer_news")
def organizer_news(person: int, news: list[dict[str, Any]]) -> Letter | None:
    """What is new at the events of a person, told once for all of them. None when they organize none of these any more."""
    events = Event.objects.filter(organizer=person, status=Event.Status.PUBLISHED).in_bulk(
        [one["event"] for one in news]
    )
    told = [told_of(events[one["event"]], one) for one in news if one["event"] in events]
    told = [one for one in told if one["lines"]]
    if not told:
        return None
    change_url = settings.SITE_URL + reverse("accounts:settings")
    if len(told) == 1:
        heading = _("%(title)s: %(news)s") % {
            "title": told[0]["title"],
            "news": told[0]["lines"][0],
        }
    else:
        heading = ngettext(
            "News from %(count)d event", "News from %(count)d of your events", len(told)
        ) % {"count": len(told)}
    facts = {"events": told, "heading": heading, "change_url": change_url}
    return Letter.render("organizer_news", facts, unsubscribe=change_url)


def told_of(event: Event, news: dict[str, Any]) -> dict[str, Any]:
    """One event of that mail: what happened, as the numbers were noted, and how it stands now."""
    requests, freed, conflicts = (news.get(name, 0) for name in ("requests", "freed", "conflicts"))
    lines = []
    if requests and event.is_automatic:
        lines.append(
            ngettext("%(count)d new reservation", "%(count)d new reservations", requests)
            % {"count": requests}
        )
    elif requests:
        lines.append(
            ngettext("%(count)d new request", "%(count)d new requests", requests)
            % {"count": requests}
        )
    if news.get("full") and event.is_full:
        lines.append(_("all spots are taken"))
    if freed:
        words = ngettext("%(count)d spot became free", "%(count)d spots became free", freed)
        lines.append(words % {"count": freed})
    if conflicts:
        words = ngettext(
            "%(count)d conflict at the door", "%(count)d conflicts at the door", conflicts
        )
        lines.append(words % {"count": conflicts})
    page = "tickets:conflicts" if conflicts else "tickets:queue"
    url = settings.SITE_URL + reverse(page, args=[event.pk])
    return {
        "event": event,
        "title": isolated(" ".join(event.title.split())),
        "lines": lines,
        "url": url,
    }


def fetch(reservation: int) -> Reservation | None:
    return (
        Reservation.objects.select_related("event__organizer", "person")
        .filter(pk=reservation)
        .first()
    )


def about(reservation: Reservation) -> dict[str, Any]:
    """What every mail of the queue says. `had_ticket`: a void one too, whose holder must learn that it is void."""
    event = reservation.event
    return {
        "reservation": reservation,
        "event": event,
        # In one line, whatever was put into it: it stands in the subject.
        "title": isolated(" ".join(event.title.split())),
        "had_ticket": reservation.tickets.exists(),
        "ink": dark_color(event),
        "event_url": settings.SITE_URL + event.get_absolute_url(),
        "cancel_url": links.cancel_url(reservation) if reservation.is_active else "",
    }


def letter(
    template: str, facts: dict[str, Any], attachments: list[Attachment] | None = None
) -> Letter:
    """A mail to a guest. An answer to it goes to the event's contact, if there is one."""
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


def out_of_the_calendar(facts: dict[str, Any]) -> list[Attachment]:
    """For those who may have put it there."""
    return [calendar_file(facts["event"], attending=False)] if facts["had_ticket"] else []
