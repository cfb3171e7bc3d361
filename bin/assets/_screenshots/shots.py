"""Every page, with the states that the demo's people meet."""

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from actions import (
    Action,
    check_in_code,
    do_nothing,
    draw_html,
    draw_template,
    open_note,
    press,
    preview_message,
    select_reservations,
    show_code,
)

MAJA, ORGANIZER, ADMIN = "maja@example.org", "organizer@example.org", "admin@example.org"
DOOR_STAFF = "door@example.org"
BOOKBINDING = "Introligatornia dla początkujących, część druga"


class Shot(NamedTuple):
    """One picture: its name, the address of the person logged in (empty: nobody), the path of the
    page, what is pressed first, and the language."""

    name: str
    email: str
    path: str
    action: Action = do_nothing
    language: str = "en"


def all_shots() -> Iterator[Shot]:
    """Every picture. Before, some rows are written, so that no page is empty that should not be."""
    from events.models import Event

    by_title = {event.title.split(":")[0]: event for event in Event.objects.all()}
    night, past = by_title["Night Print"], by_title[BOOKBINDING]
    today = Event.objects.order_by("-checked_in_count").first()
    prepare(night)
    yield from public_shots(night)
    yield from account_shots()
    yield from editor_shots(f"/organizer/events/{night.pk}")
    yield from queue_shots(f"/organizer/events/{night.pk}")
    yield Shot("live", ORGANIZER, f"/organizer/events/{today.pk}/")
    yield Shot("live-past", ORGANIZER, f"/organizer/events/{past.pk}/")
    yield from check_in_shots(today)
    yield Shot("roles", ADMIN, "/administration/roles/")
    yield from error_shots()
    yield from mail_shots()


def prepare(event: Any) -> None:
    """Give the event a note, a message to its guests and an invited member of door staff."""
    from accounts.models import User
    from events import services
    from tickets.messages import announcements
    from tickets.queue import decisions

    by = User.objects.get(email=ORGANIZER)
    waiting = event.reservations.pending().in_queue_order()
    decisions.note(waiting[1], "Comes by wheelchair: keep a table near the lift.", by=by)
    words = {
        "subject": "What to bring",
        "body": "An apron, or clothes that may meet a little ink.\nThe presses are waiting.",
    }
    announcements.send(event, audience="confirmed", key=uuid.uuid4(), by=by, **words)
    services.add_door_staff(event, email="basia@example.net", by=by)


def public_shots(event: Any) -> Iterator[Shot]:
    yield Shot("events", "", "/")
    yield Shot("events-polish", "", "/", language="pl")
    yield Shot("events-empty", "", "/?q=underwater+knitting")
    yield Shot("event", "", event.get_absolute_url())
    yield from reserve_card_shots()
    for name in ("login", "signup", "password/reset", "password/reset/done"):
        yield Shot(name.replace("/", "-"), "", f"/accounts/{name}/")
    submit = press("main form .button--primary")
    yield Shot("signup-errors", "", "/accounts/signup/", submit)
    yield Shot("activation-link-broken", "", "/activate/worn-out/")


def reserve_card_shots() -> Iterator[Shot]:
    """The reserve card in each state that somebody of the demo meets."""
    from accounts.models import User
    from events.models import Event
    from tickets.queue.card import card_of

    drawn = {"draft"}
    for event in Event.objects.order_by("pk"):
        for person in User.objects.order_by("pk"):
            state = card_of(event, person).state
            if state not in drawn:
                drawn.add(state)
                yield Shot(f"event-{state}", person.email, event.get_absolute_url())


def account_shots() -> Iterator[Shot]:
    yield Shot("my-reservations", MAJA, "/reservations/")
    yield Shot("my-reservations-past", MAJA, "/reservations/?show=past")
    yield Shot("my-reservations-empty", ADMIN, "/reservations/")
    yield from ticket_shots()
    yield Shot("settings", MAJA, "/accounts/settings/")
    yield Shot("settings-delete", MAJA, "/accounts/settings/delete/")
    yield Shot("settings-two-steps", MAJA, "/accounts/2fa/")


def ticket_shots() -> Iterator[Shot]:
    from tickets.models import Ticket

    tickets = Ticket.objects.valid().select_related("reservation__person")
    unused = tickets.filter(reservation__person__email=MAJA, checked_in_at=None).first()
    used = tickets.exclude(checked_in_at=None).first()
    if unused:
        yield Shot("ticket", MAJA, f"/reservations/{unused.reservation_id}/ticket/")
        yield Shot("cancel", MAJA, f"/reservations/{unused.reservation_id}/cancel/")
    if used:
        path = f"/reservations/{used.reservation_id}/ticket/"
        yield Shot("ticket-used", used.reservation.person.email, path)


def editor_shots(event_path: str) -> Iterator[Shot]:
    new = "/organizer/events/new/"
    yield Shot("panel", ORGANIZER, "/organizer/")
    yield Shot("panel-polish", ORGANIZER, "/organizer/", language="pl")
    yield Shot("editor-new", ORGANIZER, new)
    yield Shot("editor", ORGANIZER, f"{event_path}/edit/")
    yield Shot("editor-errors", ORGANIZER, new, press("button[value=publish]"))
    cancel = press("[data-opens=cancel-event]")
    yield Shot("editor-cancel", ORGANIZER, f"{event_path}/edit/", cancel)


def queue_shots(event_path: str) -> Iterator[Shot]:
    queue = f"{event_path}/queue/"
    yield Shot("queue", ORGANIZER, queue)
    yield Shot("queue-polish", ORGANIZER, queue, language="pl")
    yield Shot("queue-picked", ORGANIZER, queue, select_reservations)
    yield Shot("queue-note", ORGANIZER, queue, open_note)
    yield Shot("queue-empty", ORGANIZER, f"{queue}?q=nobody")
    yield Shot("messages", ORGANIZER, f"{event_path}/messages/", preview_message)


def check_in_shots(event: Any) -> Iterator[Shot]:
    from tickets.models import Ticket
    from tickets.ticket import signature

    path = f"/organizer/events/{event.pk}/check-in/"
    unused = event.tickets.valid().filter(checked_in_at=None).earliest("pk")
    used = event.tickets.valid().exclude(checked_in_at=None).earliest("pk")
    other = Ticket.objects.valid().exclude(event=event).earliest("pk")
    yield Shot("door", DOOR_STAFF, path)
    yield Shot("door-search", DOOR_STAFF, f"{path}search/?q=ko")
    yield Shot("door-found", DOOR_STAFF, path, show_code(unused.code))
    yield Shot("door-let-in", DOOR_STAFF, path, check_in_code(unused.code))
    yield Shot("door-used", DOOR_STAFF, path, show_code(used.code))
    yield Shot("door-not-valid", DOOR_STAFF, path, show_code(signature.sign(other)))


def error_shots() -> Iterator[Shot]:
    yield Shot("error-403", MAJA, "/organizer/")
    yield Shot("error-404", "", "/events/0/")
    yield Shot("offline", "", "/offline/")
    for code in ("429", "500", "503", "403_csrf"):
        yield Shot(f"error-{code}", "", "/offline/", draw_template(f"{code}.html"))


def mail_shots() -> Iterator[Shot]:
    """The mails about a reservation and about an account, as their HTML."""
    from accounts.models import User
    from eventflow.mail import Letter

    facts = {
        "person": User.objects.get(email=MAJA),
        "url": "https://events.example.org/x/",
        "days": 3,
    }
    letters = reservation_letters() | {"activation": Letter.render("account/activation", facts)}
    for name, letter in letters.items():
        if letter:
            yield Shot(f"mail-{name}", "", "about:blank", draw_html(letter.html))


def reservation_letters() -> dict[str, Any]:
    from django.utils import timezone

    from events.mails import door_staff
    from events.models import DoorStaff
    from tickets import mails
    from tickets.models import Announcement, Reservation, Ticket

    upcoming = Ticket.objects.valid().filter(event__start_time__gt=timezone.now())
    ticket = upcoming.select_related("reservation__event")[0]
    reservation, sent = ticket.reservation, Announcement.objects.all()[0]
    start = reservation.event.start_time.isoformat()
    confirmed = sent.event.reservations.confirmed()[0]
    cancelled = Reservation.objects.filter(event__status="cancelled")[0]
    invited = DoorStaff.objects.filter(person=None)[0]
    return {
        "confirmed": mails.confirmed(reservation.pk, ticket.serial),
        "reminder": mails.reminder(reservation.pk, start),
        "moved": mails.moved(reservation.pk, reservation.event.sequence),
        "announcement": mails.announcement(sent.pk, confirmed.pk),
        "event-cancelled": mails.event_cancelled(cancelled.pk),
        "door-staff": door_staff(invited.pk),
    }
