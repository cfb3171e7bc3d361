"""Visits to every page with the rows of `full_dataset`: gets with queries, and posts of forms.

It is long because the product has so many pages: nearly every line is a visit.
"""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse
from django.utils import translation

from accounts.models import FormerAddress, User
from accounts.signed_links import activation_url, undo_url
from events.models import Event
from tests.support import sessions
from tests.support.factories import (
    PASSWORD,
)
from tests.support.full_dataset import TEXT, Dataset, cancel_token
from tickets.ticket.links import gate_url

# Who visits, which view, of which row or arguments, with a query (get) or with fields (post).
Visit = tuple[str | User | None, str, Any, str | dict[str, Any]]


# The events whose every button is pressed.
ACTED_ON = ("open", "draft", "full", "confirmed", "today", "cancelled", "over")
# Pages that show the whole title of an event.
TITLE_SHOWN = {
    "events:list",
    "events:detail",
    "events:panel",
    "events:live",
    "tickets:queue",
    "tickets:mine",
    "tickets:ticket",
}


def visits(dataset: Dataset) -> Iterator[Visit]:
    """Yield a visit to every page, and one for every answer that its buttons can get."""
    for event in dataset["events"].values():
        yield from event_visits(event)
    for name in ACTED_ON:
        yield from action_visits(dataset["events"][name], dataset)
    for reservation in dataset["reservations"].values():
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
    """What can be done to this event, and its pages with a query."""
    for who in ("nobody", "guest"):
        yield who, "tickets:reserve", event, {}
    yield from queue_visits(event)
    yield "owner", "tickets:messages", event, ""
    for change in ({"subject": ""}, {"action": "preview"}, {"action": "send"}):
        yield "owner", "tickets:messages", event, MESSAGE | change
    for view in ("events:publish", "events:cancel"):
        yield "owner", view, event, {"message": TEXT}
    yield "owner", "events:edit", event, WRONG_EVENT
    for email in ("μ", "somebody@example.org", dataset["people"]["nobody"].email):
        yield "owner", "events:add_door_staff", event, {"email": email}
    yield from checkin_visits(event, dataset)


def queue_visits(event: Event) -> Iterator[Visit]:
    for state in ("confirmed", "rejected", "cancelled", "all"):
        yield "owner", "tickets:queue", event, f"?state={state}"
    yield "owner", "tickets:queue", event, "?q=ψψ"
    everybody = {"r": [one.pk for one in event.reservations.all()], "message": TEXT}
    for action in ("confirm_many", "confirm_next", "reject_many", "undo_many"):
        yield "owner", f"tickets:{action}", event, everybody


def checkin_visits(event: Event, dataset: Dataset) -> Iterator[Visit]:
    used, inside = (dataset["reservations"][name].tickets.get() for name in ("used", "inside"))
    for code in ("7K4M-2QXD", "μ", used.code, inside.code):
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
    yield "visitor", "tickets:leave", [cancel_token(reservation)], ""
    yield "visitor", "tickets:leave", [cancel_token(reservation)], {}
    for asked in ("", {"note": TEXT}, {"note": "μ" * 1001}):
        yield "owner", "tickets:note", reservation, asked
    for action in ("confirm", "reject", "undo", "admit", "undo_check_in"):
        yield "owner", f"tickets:{action}", reservation, {}


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
    for scan in dataset["scans"].values():
        yield "owner", "tickets:settle", scan, {}
        yield "owner", "tickets:unsettle", scan, {}
        for query in ("", "?show=settled"):
            yield "owner", "tickets:conflicts", scan.event, query
    gate, closed = dataset["gates"]
    for one in (gate, closed):
        token = gate_url(one).rstrip("/").rpartition("/")[2]
        for sent in ("", {}, {"called": "Νίκος"}):
            yield "visitor", "tickets:stand", [token], sent
        yield "owner", "tickets:gate", one, ""
    yield "owner", "tickets:revoke_gate", gate, {}
    yield "owner", "tickets:end_device", gate.devices.first(), {}
    for announcement in dataset["announcements"].values():
        yield "owner", "tickets:messages", announcement.event, ""
        yield "owner", "tickets:withdraw_message", announcement, {}
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


def path_of(view: str, what: Any) -> str:
    """The path of this view, of one row, of these arguments, or of neither."""
    return reverse(view, args=what if isinstance(what, list) else [what.pk] if what else [])


def pages(dataset: Dataset) -> Iterator[tuple[str | User | None, str]]:
    """Yield (who, path) of every page once, and of the page of each event as the guest sees it."""
    seen = set()
    for who, view, what, asked in visits(dataset):
        if not isinstance(asked, str) or (view == "events:detail" and who != "guest"):
            continue
        kind = (view, what.pk) if view == "events:detail" else (view, asked)
        if kind not in seen:
            seen.add(kind)
            yield who, path_of(view, what) + asked


def open_page(dataset, language, who, view, what, asked, headers):
    """Return what the page answers to this person; nothing that this changes stays.

    Each person logs in once: with one client for all, because a new one loads the middleware again.
    """
    person = dataset["people"].get(who) if isinstance(who, str) else who
    path = path_of(view, what)
    client = dataset.setdefault("client", Client())
    client.cookies.clear()
    if person:
        client.cookies[settings.SESSION_COOKIE_NAME] = session_of(dataset, person)
    headers = {"Accept-Language": language, **headers}
    cache.clear()
    with translation.override(language), transaction.atomic():
        User.objects.update(language=language)
        if isinstance(asked, str):
            response = client.get(path + asked, headers=headers)
        else:
            response = client.post(path, asked, headers=headers)
        response = followed(dataset, response, headers)
        transaction.set_rollback(True)
    return response


def followed(dataset: Dataset, response: Any, headers: dict[str, str]) -> Any:
    """Return the page that this answer leads to.

    The same page with the same message is opened once, whichever event it is about: what pages say
    of each event is seen where they are visited. LONG=1 opens it every time.
    """
    opened = dataset.setdefault("followed", set())
    while response.status_code in {302, 303} and "HX-Request" not in headers:
        target = response["Location"]
        messages = tuple(map(str, get_messages(response.wsgi_request)))
        led = (resolve(urlsplit(target).path).view_name, messages)
        if led in opened and not os.environ.get("LONG"):
            return response
        opened.add(led)
        response = response.client.get(target, headers=headers)
    return response


def session_of(dataset: Dataset, person: User) -> str:
    """Return the key of this person's session, which begins when it is first asked for."""
    sessions_by_person = dataset.setdefault("sessions", {})
    if person.pk not in sessions_by_person:
        sessions_by_person[person.pk] = sessions.log_in(Client(), person)
    return sessions_by_person[person.pk]
