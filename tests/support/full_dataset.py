"""A dataset full of people who write Greek, and every way through it: what stands there in Latin letters are the product's own words."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import FormerAddress, User
from accounts.signed_links import activation_url, undo_url
from eventflow.mail import Letter
from events import services as event_services
from events.mails import door_staff
from events.models import DoorStaff, Event
from tests.support import sessions
from tests.support.check_in import check_in, scan
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets import mails
from tickets.checkin import devices, gates, scans
from tickets.messages import announcements
from tickets.models import Gate
from tickets.queue import decisions
from tickets.ticket.links import cancel_url, gate_url

TEXT = "Φέρτε μελάνι και χαρτί."
EVENTS: dict[str, dict[str, Any]] = {
    "open": {},
    "automatic": {"admission": "automatic", "time_zone": "Asia/Tokyo"},
    "draft": {"status": "draft"},
    "full": {"seats_limit": 1, "admission": "automatic"},
    "full by approval": {"seats_limit": 1},
    "today": {},
    "confirmed": {},
    "pending": {},
    "rejected": {},
    "cancelled": {},
    "running": {},
    "over": {},
    "over for the guest": {},
}
Dataset = dict[str, dict[str, Any]]
# Who, which page, of what, and what is asked of it: a query, or fields to post.
Visit = tuple[str | User | None, str, Any, str | dict[str, Any]]


def make_dataset() -> Dataset:
    """An organizer with events of every kind, a guest with a reservation in every state, an admin, door staff."""
    owner, guest, other = (
        make_organizer("Παύλος Νικολάου"),
        make_person("Μάγια Δούκα"),
        make_person("Ζωή Δήμου"),
    )
    events = {name: make_greek_event(owner, **fields) for name, fields in EVENTS.items()}
    move_times(events["today"], start_time=timedelta(hours=1), end_time=timedelta(hours=5))
    of = reservations(events, guest, other)
    event_services.cancel(events["cancelled"], by=owner, message=TEXT)
    staff = event_services.add_door_staff(events["today"], email=other.email, by=owner)
    event_services.add_door_staff(events["today"], email="invited@example.org", by=owner)
    move_times(events["running"], start_time=-timedelta(hours=1), end_time=timedelta(hours=1))
    for name in ("over", "over for the guest"):
        move_times(events[name], start_time=-timedelta(days=3), end_time=-timedelta(days=2))
    people = {
        "owner": owner,
        "guest": guest,
        "other": other,
        "admin": make_admin("Άννα Λέκκα"),
        "nobody": make_person("Έλλη Ράλλη"),
    }
    people |= {"with an app": make_person("Όλγα Ρήγα"), "with a key": make_person("Πέτρος Βλάχος")}
    TOTP.activate(people["with an app"], "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(people["with an app"])
    Authenticator.objects.create(
        user=people["with a key"], type="webauthn", data={"name": "Κλειδί", "credential": {}}
    )
    waiting = EmailAddress.objects.get(user=make_person("Ρέα Κόρη", activated=False))
    return {
        "events": events,
        "of": of,
        "people": people,
        "other": {"staff": staff, "waiting": waiting},
        "said": announcements_at(events["confirmed"]),
        "scans": conflicts_at(events["today"], of),
        "gates": gates_at(events["today"]),
    }


def conflicts_at(event: Event, of: dict[str, Any]) -> dict[str, Any]:
    """A second door, a ticket that was void, and what was settled."""
    code = of["used"].tickets.get().code
    void = make_reservation(event, make_person("Άρης Μούτσης"), status="confirmed")
    codes = {"used": code, "void": void.tickets.get().code, "settled": code}
    decisions.reject(void, by=event.organizer)
    made = {
        name: scan(event, text, nonce=name, by=event.organizer, device="Πύλη", let_in=True).scan
        for name, text in codes.items()
    }
    scans.settle(made["settled"], by=event.organizer)
    return made


def gates_at(event: Event) -> list[Gate]:
    """One with phones that stand there, one that was, one that has ended."""
    both = [gates.add_gate(event, name=name, by=event.organizer) for name in ("Πύλη Α", "Πύλη Β")]
    phones = [
        devices.register(event, gate=both[0], called=name) for name in ("Νίκος", "Ρέα", "Έλλη")
    ]
    for phone in phones:
        devices.note_contact(phone, sent=0, waiting=3, ready=True)
    type(phones[1]).objects.filter(pk=phones[1].pk).update(
        seen_at=timezone.now() - timedelta(minutes=5)
    )
    devices.end(phones[2], by=event.organizer)
    gates.revoke_gate(both[1], by=event.organizer)
    return both


def announcements_at(event: Event) -> dict[str, Any]:
    """One that can still be taken back, one that was, one that has left."""
    said = {
        name: announcements.send(
            event, audience="all", subject=subject, body=TEXT, key=uuid.uuid4(), by=event.organizer
        )
        for name, subject in (("waiting", "Μελάνι"), ("taken back", "Χαρτί"), ("sent", "Μολύβι"))
    }
    announcements.withdraw(said["taken back"], by=event.organizer)
    said["sent"].leaves_at = timezone.now()
    said["sent"].save()
    return said


def leave_token(reservation: Any) -> str:
    return cancel_url(reservation).strip("/").rpartition("/")[2]


def make_greek_event(organizer: User, **fields: Any) -> Event:
    return make_event(
        **{
            "title": "Νύχτα τυπογραφίας",
            "location": "Αθήνα",
            "description": TEXT,
            "organizer": organizer,
            **fields,
        }
    )


def reservations(events: dict[str, Event], guest: User, other: User) -> dict[str, Any]:
    of = {
        name: make_reservation(events[name], guest, status=name)
        for name in ("confirmed", "pending", "rejected")
    }
    of["cancelled by the guest"] = make_reservation(events["open"], guest, status="cancelled")
    of["last"] = make_reservation(events["over for the guest"], guest, status="confirmed")
    of["called off"] = make_reservation(events["cancelled"], guest, status="confirmed")
    of["second"] = make_reservation(events["pending"], other)
    of["inside"] = make_reservation(events["today"], guest, status="confirmed")
    of["used"] = make_reservation(events["today"], make_person("Λίνα Μελά"), status="confirmed")
    of["waiting"] = make_reservation(events["confirmed"], make_person("Νίκος Γάτος"))
    for name in ("full", "full by approval"):
        make_reservation(events[name], other, status="confirmed")
        of[name] = make_reservation(events[name], guest)
    check_in(of["used"], by=events["today"].organizer)
    of["told why"] = decisions.reject(
        make_reservation(events["confirmed"], other), by=events["today"].organizer, message=TEXT
    )
    return of


def move_times(event: Event, **times: timedelta) -> None:
    Event.objects.filter(pk=event.pk).update(
        **{name: timezone.now() + delta for name, delta in times.items()}
    )


# --- Every way through it ---------------------------------------------------------------------------------------------


def visits(dataset: Dataset) -> Iterator[Visit]:
    """Every page, and every answer that its buttons can get."""
    for event in dataset["events"].values():
        yield from event_visits(event)
    for name in ("open", "draft", "full", "confirmed", "today", "cancelled", "over"):
        yield from action_visits(dataset["events"][name], dataset)
    for reservation in dataset["of"].values():
        yield from reservation_visits(reservation)
    yield from list_visits(dataset)
    yield from logged_out_visits(dataset)
    yield from account_visits(dataset)
    yield from second_step_visits(dataset)


def event_visits(event: Event) -> Iterator[Visit]:
    for who in ("owner",) if event.is_draft else ("visitor", "nobody", "guest", "other", "owner"):
        yield who, "events:detail", event, ""
    for view in ("events:live", "events:edit", "events:cancel", "tickets:queue"):
        yield "owner", view, event, ""


WRONG_EVENT = {
    "title": "",
    "location": "",
    "start_time": "",
    "end_time": "2001-01-01T10:00",
    "time_zone": "UTC",
    "seats_limit": "πέντε",
    "action": "save",
}


MESSAGE = {
    "audience": "all",
    "subject": "Μελάνι",
    "body": TEXT,
    "key": "00000000-0000-4000-8000-000000000000",
}


def action_visits(event: Event, dataset: Dataset) -> Iterator[Visit]:
    for who in ("nobody", "guest"):
        yield who, "tickets:reserve", event, {}
    for state in ("confirmed", "rejected", "cancelled", "all"):
        yield "owner", "tickets:queue", event, f"?state={state}"
    yield "owner", "tickets:queue", event, "?q=ψψ"
    for deed in (
        "tickets:confirm_many",
        "tickets:confirm_next",
        "tickets:reject_many",
        "tickets:undo_many",
    ):
        yield (
            "owner",
            deed,
            event,
            {"r": [one.pk for one in event.reservations.all()], "message": TEXT},
        )
    for sent in (
        "",
        MESSAGE | {"subject": ""},
        MESSAGE | {"action": "preview"},
        MESSAGE | {"action": "send"},
    ):
        yield "owner", "tickets:messages", event, sent
    for deed in ("events:publish", "events:cancel"):
        yield "owner", deed, event, {"message": TEXT}
    yield "owner", "events:edit", event, WRONG_EVENT
    for email in ("μ", "somebody@example.org", dataset["people"]["nobody"].email):
        yield "owner", "events:add_door_staff", event, {"email": email}
    for code in (
        "7K4M-2QXD",
        "μ",
        dataset["of"]["used"].tickets.get().code,
        dataset["of"]["inside"].tickets.get().code,
    ):
        yield "owner", "tickets:check_in", event, {"code": code}
    yield "owner", "tickets:check_in", event, ""
    for sent in ("", {}, {"name": "Πύλη"}):
        yield "owner", "tickets:doors", event, sent
    yield "owner", "tickets:ready", event, ""
    for query in ("", "?q=Λίνα+Μελά", "?q=Μάγια", "?q=ψψ"):
        yield "owner", "tickets:door_search", event, query


def reservation_visits(reservation: Any) -> Iterator[Visit]:
    yield reservation.person, "tickets:cancel", reservation, ""
    yield reservation.person, "tickets:cancel", reservation, {}
    if reservation.tickets.filter(void_at=None).exists():
        yield reservation.person, "tickets:ticket", reservation, ""
    yield "visitor", "tickets:leave", [leave_token(reservation)], ""
    yield "visitor", "tickets:leave", [leave_token(reservation)], {}
    for asked in ("", {"note": TEXT}, {"note": "μ" * 1001}):
        yield "owner", "tickets:note", reservation, asked
    for deed in ("confirm", "reject", "undo", "admit", "undo_check_in"):
        yield "owner", f"tickets:{deed}", reservation, {}


def list_visits(dataset: Dataset) -> Iterator[Visit]:
    yield "visitor", "events:list", None, ""
    for query in ("", "?past=1", "?q=ψψ", "?past=1&q=ψψ"):
        yield "guest", "events:list", None, query
    for who in ("guest", "nobody"):
        yield who, "tickets:mine", None, ""
        yield who, "tickets:mine", None, "?show=past"
    for who in ("owner", "admin"):
        for show in ("all", "drafts", "past", "cancelled"):
            yield who, "events:panel", None, f"?show={show}"
    yield "owner", "events:new", None, ""
    yield "owner", "events:new", None, WRONG_EVENT
    for stored in dataset["scans"].values():
        yield "owner", "tickets:settle", stored, {}
        yield "owner", "tickets:unsettle", stored, {}
        for query in ("", "?show=settled"):
            yield "owner", "tickets:conflicts", stored.event, query
    gate, closed = dataset["gates"]
    for token in (gate_url(gate), gate_url(closed)):
        for sent in ("", {}, {"called": "Νίκος"}):
            yield "visitor", "tickets:stand", [token.rstrip("/").rpartition("/")[2]], sent
    for one in (gate, closed):
        yield "owner", "tickets:gate", one, ""
    yield "owner", "tickets:revoke_gate", gate, {}
    yield "owner", "tickets:end_device", gate.devices.first(), {}
    for said in dataset["said"].values():
        yield "owner", "tickets:messages", said.event, ""
        yield "owner", "tickets:withdraw_message", said, {}
    yield "owner", "events:remove_door_staff", dataset["other"]["staff"], {}
    for query in ("", "?q=ψψ"):
        yield "admin", "accounts:roles", None, query
    for person, role in (("nobody", "organizer"), ("nobody", "king"), ("admin", "user")):
        yield "admin", "accounts:grant_role", dataset["people"][person], {"role": role}


WRONG_SIGN_UP = {
    "email": "μ",
    "first_name": "",
    "last_name": "",
    "password1": "μ",
    "password2": "ν",
    "language": "pl",
}
COMMON_PASSWORD = WRONG_SIGN_UP | {
    "password1": "password",
    "password2": "password",
    "email": "new@example.org",
}
WRONG_PASSWORDS = {"oldpassword": "μ", "password1": "μ", "password2": "ν"}
NEW_PASSWORD = {
    "oldpassword": PASSWORD,
    "password1": "quite another one",
    "password2": "quite another one",
}


def logged_out_visits(dataset: Dataset) -> Iterator[Visit]:
    pages = [
        "login",
        "signup",
        "reset_password",
        "reset_password_done",
        "reset_password_from_key_done",
        "inactive",
        "email_verification_sent",
    ]
    for view in pages:
        yield "visitor", f"account_{view}", None, ""
    yield "visitor", "account_login", None, {"login": "somebody@example.org", "password": "μ"}
    yield "visitor", "account_login", None, {"login": "", "password": ""}
    yield "visitor", "account_signup", None, WRONG_SIGN_UP
    yield "visitor", "account_signup", None, COMMON_PASSWORD
    yield "visitor", "account_reset_password", None, {"email": ""}
    yield "visitor", "account_reset_password_from_key", ["0", "set-password"], ""
    for key in (
        "worn-out",
        activation_url(dataset["other"]["waiting"]).rstrip("/").rpartition("/")[2],
    ):
        yield "visitor", "accounts:activate", [key], ""
        yield "visitor", "accounts:activate", [key], {}
    nobody = dataset["people"]["nobody"]
    former, _ = FormerAddress.objects.get_or_create(person=nobody, email=nobody.email)
    for token in ("worn-out", undo_url(former).rstrip("/").rpartition("/")[2]):
        yield "visitor", "accounts:not_me", [token], ""
        yield "visitor", "accounts:not_me", [token], {}
    yield "visitor", "accounts:send_link_again", None, ""
    for email in ("μ", "somebody@example.org"):
        yield "visitor", "accounts:send_link_again", None, {"email": email}


def second_step_visits(dataset: Dataset) -> Iterator[Visit]:
    for who in ("nobody", "with an app", "with a key"):
        yield who, "mfa_index", None, ""
    for view in (
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_reauthenticate_webauthn",
        "mfa_list_webauthn",
    ):
        yield "nobody", view, None, ""
    yield "nobody", "mfa_activate_totp", None, {"code": "μ"}
    for view in (
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_reauthenticate",
    ):
        yield "with an app", view, None, ""
    yield "with an app", "mfa_reauthenticate", None, {"code": "μ"}
    yield "with an app", "mfa_deactivate_totp", None, {}
    yield (
        "visitor",
        "account_login",
        None,
        {"login": dataset["people"]["with an app"].email, "password": PASSWORD},
    )
    key = Authenticator.objects.get(type="webauthn")
    yield "with a key", "mfa_list_webauthn", None, ""
    for view in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        yield "with a key", view, key, ""
    yield "with a key", "mfa_edit_webauthn", key, {"name": ""}
    yield "with a key", "mfa_remove_webauthn", key, {}
    yield "visitor", "mfa_login_webauthn", None, {"credential": "{}"}


def account_visits(dataset: Dataset) -> Iterator[Visit]:
    for view in (
        "accounts:settings",
        "accounts:delete",
        "accounts:sessions",
        "account_change_password",
        "account_email",
        "account_reauthenticate",
        "account_logout",
        "accounts:roles",
    ):
        yield "nobody", view, None, ""
    yield "nobody", "accounts:settings", None, {"first_name": "", "last_name": ""}
    yield "nobody", "accounts:end_other_sessions", None, {}
    yield "nobody", "accounts:end_session", [0], {}
    yield "nobody", "accounts:delete", None, {}
    yield "nobody", "account_change_password", None, WRONG_PASSWORDS
    yield "nobody", "account_change_password", None, NEW_PASSWORD
    yield (
        "nobody",
        "account_email",
        None,
        {"action_add": "", "email": dataset["people"]["nobody"].email},
    )
    yield "nobody", "account_reauthenticate", None, {"password": "μ"}


def pages(dataset: Dataset) -> Iterator[tuple[Any, str]]:
    """Every page once, and each kind of event's page for whoever meets it in most states."""
    seen = set()
    for who, view, what, asked, *_ in visits(dataset):
        kind = (
            (view, asked)
            if view != "events:detail"
            else (view, what.pk)
            if who == "guest"
            else None
        )
        if isinstance(asked, str) and kind and kind not in seen:
            seen.add(kind)
            yield (
                who,
                reverse(view, args=what if isinstance(what, list) else [what.pk] if what else [])
                + asked,
            )


# --- Going there ------------------------------------------------------------------------------------------------------


def open_page(dataset, language, who, view, what, asked, headers):
    """Return what the page answers to this person; nothing that this changes stays.

    Each person logs in once: with one client for all, because a new one loads the middleware again.
    """
    person = dataset["people"].get(who) if isinstance(who, str) else who
    path = reverse(view, args=what if isinstance(what, list) else [what.pk] if what else [])
    client = dataset.setdefault("client", Client())
    client.cookies.clear()
    if person:
        client.cookies[settings.SESSION_COOKIE_NAME] = session_of(dataset, person)
    headers = {"Accept-Language": language, **headers}
    cache.clear()
    with translation.override(language), transaction.atomic():
        User.objects.update(language=language)
        response = (
            client.get(path + asked, follow=True, headers=headers)
            if isinstance(asked, str)
            else client.post(path, asked, follow=len(headers) == 1, headers=headers)
        )
        transaction.set_rollback(True)
    return response


def session_of(dataset: Dataset, person: User) -> str:
    """Return the key of this person's session, which begins when it is first asked for."""
    sessions_by_person = dataset.setdefault("sessions", {})
    if person.pk not in sessions_by_person:
        sessions_by_person[person.pk] = sessions.log_in(Client(), person)
    return sessions_by_person[person.pk]


def letters(dataset: Dataset) -> Iterator[partial[Letter | None]]:
    """Every mail that carries something somebody wrote: the letters of the queue, of the door and to the organizer."""
    of, events = dataset["of"], dataset["events"]
    ticket, why = of["confirmed"].tickets.get(), of["told why"]
    moved = Event.objects.get(pk=events["pending"].pk)
    yield partial(mails.queued, of["full"].pk)
    yield partial(mails.waits_again, of["full"].pk)
    yield partial(mails.confirmed, of["confirmed"].pk, ticket.serial)
    yield partial(mails.rejected, why.pk, why.decided_at.isoformat())
    yield partial(mails.event_cancelled, of["called off"].pk)
    before = {
        name: (getattr(moved, name) - timedelta(days=1)).isoformat()
        for name in ("start_time", "end_time")
    }
    before["location"] = f"{moved.location} 2"
    yield partial(mails.moved, of["pending"].pk, moved.sequence)
    yield partial(mails.moved, of["pending"].pk, moved.sequence, moved.pk, before)
    yield partial(mails.reminder, of["confirmed"].pk, of["confirmed"].event.start_time.isoformat())
    yield partial(mails.cancelled, of["cancelled by the guest"].pk)
    said = of["confirmed"].event.announcements.filter(withdrawn_at=None).first()
    yield partial(mails.announcement, said.pk, of["confirmed"].pk)
    news = [
        {"event": events[name].pk, "requests": 2, "freed": 1, "conflicts": 3}
        for name in ("open", "automatic")
    ]
    yield partial(mails.organizer_news, dataset["people"]["owner"].pk, news)
    yield partial(mails.organizer_news, dataset["people"]["owner"].pk, news[:1])
    for known in (True, False):
        staff = (
            DoorStaff.objects.exclude(person=None)
            if known
            else DoorStaff.objects.filter(person=None)
        )
        yield partial(door_staff, staff.latest("pk").pk)
