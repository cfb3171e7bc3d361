"""Mails about decisions: text, attachments, and that none is sent after its cause is gone."""

import pytest
from django.core import mail as outbox_of
from django.utils import timezone, translation
from icalendar import Calendar

from eventflow.mail import services
from eventflow.mail.models import Mail
from events import services as event_services
from events.models import Event
from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tests.support.pdf_tools import codes_of, text_of
from tickets import mails
from tickets.models import Reservation
from tickets.queue import decisions, registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db
SITE = "https://tickets.example.org"


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = SITE


def confirmed_letter(reservation):
    return mails.confirmed(reservation.pk, reservation.tickets.valid().get().serial)


def rejected_letter(reservation):
    return mails.rejected(reservation.pk, reservation.decided_at.isoformat())


def delivered():
    """Every mail that waits is delivered as the worker would; the messages, oldest first."""
    for mail in Mail.objects.filter(state=Mail.State.QUEUED).order_by("pk"):
        services.deliver(mail.pk)
    return outbox_of.outbox


# --- You have a spot ------------------------------------------------------------------------------


def test_ticket_mail_says_when_where_and_who():
    event = make_event(
        title="Zażółć & co",
        location="Ruska 46c, Wrocław",
        organizer=make_organizer("Łucja Śliwińska"),
    )
    reservation = make_reservation(event, make_person("Maja Wiśniewska"), status="confirmed")
    letter, ticket = confirmed_letter(reservation), reservation.tickets.get()
    assert letter.subject.startswith("You have a spot at Zażółć & co, ")
    for words in (
        "Ruska 46c, Wrocław",
        "Maja Wiśniewska",
        ticket.code,
        f"{SITE}/reservations/{reservation.pk}/ticket/",
    ):
        assert words in letter.text and words in letter.html
    assert "Zażółć &amp; co" in letter.html and "Zażółć & co" not in letter.html


@pytest.mark.process("other programs read the paper")
def test_ticket_mail_has_the_ticket_and_the_calendar_file(tmp_path):
    reservation = make_reservation(status="confirmed")
    ticket = reservation.tickets.get()
    paper, date = confirmed_letter(reservation).attachments
    assert (paper.name, paper.type) == (f"ticket-{ticket.code}.pdf", "application/pdf")
    assert codes_of(paper.content, tmp_path) == [signature.qr_text(ticket)]
    assert (date.name, date.type) == ("event.ics", "text/calendar")
    entry = Calendar.from_ical(date.content).events[0]
    assert (entry["summary"], entry.DTSTART) == (
        reservation.event.title,
        reservation.event.start_time,
    )


@pytest.mark.process("other programs read the paper")
def test_ticket_mail_is_sent_after_the_decision():
    person = make_person("Maja Wiśniewska", language="pl")
    reservation = make_reservation(
        make_event(start_time=timezone.now().replace(year=2099, month=12, day=11, hour=12)),
        person,
        status="confirmed",
    )
    [message] = delivered()
    assert message.to == [person.email]
    paper, date = message.attachments
    assert (paper.get_filename(), paper.get_content_type()) == (
        f"ticket-{reservation.tickets.get().code}.pdf",
        "application/pdf",
    )
    assert (date.get_filename(), date.get_content_type(), date.get_param("method")) == (
        "event.ics",
        "text/calendar",
        "PUBLISH",
    )
    # Without it, text is US-ASCII (RFC 6047, 2.4).
    assert date.get_content_charset() == "utf-8"
    assert "11 grudnia 2099" in message.subject, "in the person's language"
    assert "11 grudnia 2099" in text_of(paper.get_payload(decode=True))
    assert translation.get_language() == "en"
    raw = message.message()
    assert raw.get_content_type() == "multipart/mixed"
    assert [part.get_content_type() for part in raw.walk()][1:4] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def withdraw(reservation):
    registration.cancel(reservation, by=reservation.person)


def take_back(reservation):
    decisions.undo(reservation, by=reservation.event.organizer)


def reject(reservation):
    decisions.reject(reservation, by=reservation.event.organizer)


def call_off(reservation):
    event_services.cancel(reservation.event, by=reservation.event.organizer)


def delete_person(reservation):
    reservation.person.delete()


@pytest.mark.parametrize("change", [withdraw, take_back, reject, call_off, delete_person])
def test_ticket_mail_is_not_sent_after_the_ticket_is_void(change):
    reservation = make_reservation(status="confirmed")
    pk, serial = reservation.pk, reservation.tickets.get().serial
    change(reservation)
    assert mails.confirmed(pk, serial) is None


def test_ticket_mail_after_an_undo_has_the_second_ticket_only():
    reservation = make_reservation(status="confirmed")
    first = reservation.tickets.get()
    decisions.undo(reservation, by=reservation.event.organizer)
    decisions.confirm(reservation, by=reservation.event.organizer)
    [message] = delivered()
    second = reservation.tickets.valid().get()
    assert second.code != first.code
    assert second.code in message.body and first.code not in message.body
    confirmations = Mail.objects.filter(builder="tickets.confirmed")
    assert sorted(confirmations.values_list("state", flat=True)) == ["dropped", "sent"]


def test_ticket_mail_with_a_foreign_serial_is_not_sent():
    one, other = make_reservation(status="confirmed"), make_reservation(status="confirmed")
    assert mails.confirmed(one.pk, other.tickets.get().serial) is None


# --- No spot --------------------------------------------------------------------------------------


def test_rejection_mail_has_the_message_of_the_organizer():
    reservation = make_reservation(make_event(title="Night Print"))
    decisions.reject(
        reservation, by=reservation.event.organizer, message="Too few presses.\nNext <week> again."
    )
    reservation.refresh_from_db()
    letter = rejected_letter(reservation)
    assert letter.subject.startswith("Not this time: Night Print, ")
    assert "Too few presses.\nNext <week> again." in letter.text
    assert "Too few presses.<br>Next &lt;week&gt; again." in letter.html
    assert f"{SITE}/" in letter.text and f'href="{SITE}/"' in letter.html
    assert letter.attachments == []


def test_rejection_mail_without_a_message_quotes_nobody():
    letter = rejected_letter(make_reservation(status="rejected"))
    assert "The organizer wrote" not in letter.text + letter.html
    assert "ticket no longer works" not in letter.text + letter.html


def test_rejection_mail_after_a_confirmation_says_that_the_ticket_is_void():
    reservation = make_reservation(status="confirmed")
    decisions.reject(reservation, by=reservation.event.organizer)
    reservation.refresh_from_db()
    letter = rejected_letter(reservation)
    assert (
        "Your ticket no longer works." in letter.text
        and "Your ticket no longer works." in letter.html
    )


def decision_time(reservation: Reservation) -> str:
    assert reservation.decided_at
    return reservation.decided_at.isoformat()


def test_rejection_mail_is_not_sent_after_an_undo():
    reservation = make_reservation(status="rejected")
    first = decision_time(reservation)
    decisions.undo(reservation, by=reservation.event.organizer)
    assert mails.rejected(reservation.pk, first) is None
    decisions.reject(reservation, by=reservation.event.organizer)
    second = decision_time(Reservation.objects.get(pk=reservation.pk))
    assert mails.rejected(reservation.pk, first) is None
    assert mails.rejected(reservation.pk, second) is not None
    reservation.person.delete()
    assert mails.rejected(reservation.pk, second) is None


# --- Called off -----------------------------------------------------------------------------------


def test_event_cancelled_mail_reaches_every_active_guest():
    event = make_event(title="Night Print")
    waiting, seated, gone = (
        make_reservation(event, status=status) for status in ("pending", "confirmed", "cancelled")
    )
    event_services.cancel(event, by=event.organizer, message="The heating <broke>.")
    messages = {
        message.to[0]: message
        for message in delivered()
        if message.subject.startswith("Cancelled: ")
    }
    assert set(messages) == {waiting.person.email, seated.person.email}
    assert gone.person.email not in messages
    for message in messages.values():
        assert message.subject.startswith("Cancelled: Night Print, ")
        assert "The heating <broke>." in message.body
        assert "The heating &lt;broke&gt;." in message.alternatives[0][0]
        assert f"{SITE}/events/{event.pk}/" in message.body
    assert "Your ticket no longer works." in messages[seated.person.email].body
    assert "Your ticket no longer works." not in messages[waiting.person.email].body


def test_event_cancelled_mail_without_guests_is_none():
    reservation = make_reservation()
    event_services.cancel(reservation.event, by=reservation.event.organizer)
    pk = reservation.pk
    reservation.person.delete()
    assert mails.event_cancelled(pk) is None


# --- Hostile words --------------------------------------------------------------------------------


def test_mail_header_is_never_written_by_a_title():
    reservation = make_reservation(status="confirmed")
    Event.objects.update(title="Party\r\nBcc: everybody@example.org\r\n\r\n<b>hello</b>")
    [message] = delivered()
    raw = message.message()
    assert raw["Bcc"] is None and message.recipients() == [reservation.person.email]
    assert "\n" not in message.subject and "Party Bcc: everybody@example.org" in message.subject


@pytest.mark.parametrize(
    "words",
    ['<img src=x onerror="alert(1)">', "{{ settings.SECRET_KEY }}", "{% include 'base.html' %}"],
)
def test_mail_shows_markup_as_text(words):
    event = make_event(organizer=make_organizer(words))
    reservation = make_reservation(event, make_person(words), status="confirmed")
    Event.objects.update(title=words, location=words, cancel_message=words)
    letters = [confirmed_letter(reservation)]
    decisions.reject(reservation, by=event.organizer, message=words)
    reservation.refresh_from_db()
    letters += [rejected_letter(reservation), mails.event_cancelled(reservation.pk)]
    for letter in letters:
        assert words in letter.text and words in letter.subject
        assert "<img" not in letter.html
