"""Sends every form of the site, with and without a script, and looks for its visible result.

One that needs a text is first sent empty, and says so. Without a script a form is only HTML, which
needs no browser; LONG=1 sends the forms in a browser without a script, too. The forms are found by
opening every page as every person, and on each page that an answer shows. A form that is not in
SEEN fails, and so does one of SEEN that is found nowhere. It is long because SEEN is a table with a
line for each form.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from tests.browser.form_client import FormClient
from tests.browser.forms import Fields, FormSteps, FormWindow, copy_of_database, find_steps
from tests.support import sessions
from tests.support.dataset_visits import session_of
from tests.support.factories import PASSWORD
from tests.support.full_dataset import Dataset, make_dataset
from tickets.checkin import devices
from tickets.views.checkin import access

# The forms are the same on both databases, and SQLite's can be copied back in a moment.
pytestmark = pytest.mark.once

RESET_KEY = r"/^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"
# {form: why another file tests it}
ELSEWHERE = {
    "/accounts/2fa/webauthn/login/": "needs an authenticator: test_passkeys.py",
    "/accounts/2fa/webauthn/add/": "needs an authenticator: test_passkeys.py",
    # With a script it is a button of htmx and no form.
    "/organizer/events/<int:pk>/queue/undo/": "test_queue_decisions.py, test_without_script.py",
}
# {form: the text that is visible after it was sent, with a script and without}. Setting up an app
# needs the key that the page shows, so its code is wrong here; test_second_factor.py has that.
SEEN = {
    "GET /": "Nothing matches “ ψψ ”",
    "GET /administration/roles/": "0 people",
    "GET /organizer/events/<int:pk>/check-in/search/": "0 guests match “ ψψ ”",
    "GET /organizer/events/<int:pk>/queue/": "Nobody matches “ ψψ ”",
    "/accounts/2fa/authenticate/": "Find something worth leaving the house for",
    "/accounts/2fa/reauthenticate/": "Find something worth leaving the house for",
    "/accounts/2fa/recovery-codes/generate/": "These are your new codes.",
    "/accounts/2fa/totp/activate/": "This code is not right. Use the newest one of your app",
    "/accounts/2fa/totp/deactivate/": "The app is switched off.",
    "/accounts/2fa/webauthn/keys/<int:pk>/edit/": "Saved.",
    "/accounts/2fa/webauthn/keys/<int:pk>/remove/": "The passkey is removed.",
    "/accounts/activation/": "Sent, unless we sent one a moment ago.",
    "/accounts/email/ action_add=": "We sent a link to new.person@example.org . Open it",
    "/accounts/email/ action_remove=": "You keep your old address.",
    "/accounts/email/ action_send=": "We sent a link to new.person@example.org.",
    "/accounts/login/": "One more step",
    "/accounts/logout/": "You are logged out.",
    "/accounts/not-me/<str:token>/": "Your account is yours again",
    "/accounts/password/change/": "Your new password is saved.",
    "/accounts/password/reset/": "Check your mail",
    RESET_KEY: "Your new password is saved",
    "/accounts/reauthenticate/": "Find something worth leaving the house for",
    "/accounts/sessions/<int:pk>/end/": "Logged out there.",
    "/accounts/sessions/end/": "You are logged in here only.",
    "/accounts/settings/": "Saved.",
    "/accounts/settings/delete/": "Your account is deleted.",
    "/accounts/signup/": "Check your mail",
    "/activate/<path:key>/": "Your account is active",
    "/administration/roles/<int:pk>/": "Παύλος Νικολάου: Organizer",
    "/door/<str:token>/": "Πύλη Α",
    "/events/<int:pk>/reserve/": "Reserved. You are in the queue.",
    "/i18n/setlang/ language=en": "Reserve your spot",
    "/i18n/setlang/ language=pl": "Zarezerwuj miejsce",
    "/organizer/devices/<int:pk>/end/": "Πύλη Α, Νίκος no longer lets anybody in.",
    "/organizer/door-staff/<int:pk>/remove/": "is no longer door staff.",
    "/organizer/events/<int:pk>/cancel/": "The event is cancelled. Everybody who had a place",
    "/organizer/events/<int:pk>/check-in/": "Valid Μάγια Δούκα",
    "/organizer/events/<int:pk>/door-staff/": "new.person@example.org is invited.",
    "/organizer/events/<int:pk>/doors/": "Side entrance added. Show this code to your helper.",
    "/organizer/events/<int:pk>/duplicate/": "This is a copy, as a draft.",
    "/organizer/events/<int:pk>/edit/ action=publish": "Published. People can reserve now.",
    "/organizer/events/<int:pk>/edit/ action=save": "Saved.",
    "/organizer/events/<int:pk>/messages/ action=preview": "This is what they read",
    "/organizer/events/<int:pk>/messages/ action=send": "Sent to 1. It leaves in",
    "/organizer/events/<int:pk>/publish/": "Published. People can reserve now.",
    "/organizer/events/<int:pk>/queue/confirm/": "1 confirmed.",
    "/organizer/events/<int:pk>/queue/next/": "1 confirmed",
    "/organizer/events/<int:pk>/queue/reject/": "1 rejected.",
    "/organizer/events/<int:pk>/check-in/ready/": "This phone stands at no gate.",
    "/organizer/events/new/ action=publish": "Published. People can reserve now.",
    "/organizer/events/new/ action=save": "Saved.",
    "/organizer/gates/<int:pk>/revoke/": "The link of Πύλη Α has ended",
    "/organizer/messages/<int:pk>/withdraw/": "Taken back. Nobody gets it.",
    "/organizer/reservations/<int:pk>/check-in/": "Let in Μάγια Δούκα",
    "/organizer/reservations/<int:pk>/check-in/undo/": "Undo this check-in? Λίνα Μελά",
    "/organizer/reservations/<int:pk>/confirm/": "is confirmed",
    "/organizer/reservations/<int:pk>/note/": "The note is saved.",
    "/organizer/reservations/<int:pk>/reject/": "is rejected.",
    "/organizer/reservations/<int:pk>/undo/": "is waiting again, at the old place.",
    "/organizer/scans/<int:pk>/settle/": "Settled. You find it among the settled ones.",
    "/organizer/scans/<int:pk>/unsettle/": "It is open again.",
    "/reservations/<int:pk>/cancel/": "You left the queue.",
    "/reservations/leave/<str:token>/": "Your reservation is cancelled",
}
# {form: the question that a page asks first without a script, in a form of the same name}
ASKED_FIRST = {"/organizer/events/<int:pk>/queue/reject/": "Reject 1 reservation?"}
# {name of a field: what is typed into it when it is empty}
TYPED: Fields = {
    "body": "Bring a coat.",
    "called": "Kuba",
    "code": "7K4M-2QXD",
    "email": "new.person@example.org",
    "end_time": "2031-05-01T20:00",
    "first_name": "Ola",
    "location": "Ruska 46c",
    "message": "See you another time.",
    "name": "Side entrance",
    "note": "Comes with a friend.",
    "number": "1",
    "oldpassword": PASSWORD,
    "password": PASSWORD,
    "password1": "violet harbour lantern",
    "password2": "violet harbour lantern",
    "q": "ψψ",
    "seats_limit": "24",
    "start_time": "2031-05-01T18:00",
    "subject": "Parking",
    "title": "Night print",
}

# {form: the event at which it is sent}, where not every event lets it succeed.
AT = {
    "/organizer/events/<int:pk>/check-in/": "today",
    "/organizer/events/<int:pk>/messages/ action=preview": "confirmed",
    "/organizer/events/<int:pk>/queue/confirm/": "confirmed",
    "/organizer/events/<int:pk>/queue/next/": "confirmed",
    "/organizer/events/<int:pk>/queue/reject/": "confirmed",
    "/organizer/reservations/<int:pk>/confirm/": "confirmed",
}
PATIENCE_SECONDS = 60
# What htmx logs when a newer search replaces one that is under way.
REPLACED = ["htmx:sendAbort", "htmx:afterRequest"]


def typed_in(dataset: Dataset) -> dict[str, Fields]:
    """Return {form: what is typed into it} for forms whose texts depend on the data set."""
    people, of = dataset["people"], dataset["reservations"]
    app = people["with an app"].authenticator_set.get(type=Authenticator.Type.RECOVERY_CODES)
    # Unlike the app's code, it is unused again whenever the database is restored.
    code = RecoveryCodes(app).get_unused_codes()[0]
    return {
        "/accounts/login/": {"login": people["with an app"].email},
        "/accounts/2fa/authenticate/": {"code": code},
        "/accounts/2fa/reauthenticate/": {"code": code},
        "/organizer/events/<int:pk>/check-in/": {"code": of["inside"].tickets.get().code},
    }


def more_pages(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Yield (who, path) of pages that `visits` lacks: a mailed link, and a question's own page."""
    person = dataset["people"]["nobody"]
    token = default_token_generator.make_token(person)
    args = [user_pk_to_url_str(person), token]
    yield "visitor", reverse("account_reset_password_from_key", args=args)
    yield "owner", reverse("tickets:reject", args=[dataset["reservations"]["waiting"].pk])


@pytest.fixture(scope="module")
def shared() -> dict[str, Any]:
    """What is made once for all tests of this file."""
    return {}


@pytest.fixture
def dataset(site, shared) -> Dataset:
    """The data set, restored for each test. Nothing in it changes by itself: no mail is waiting."""
    if not shared:
        dataset = make_dataset()
        waiting = dataset["announcements"]["waiting"]
        later = timezone.now() + timedelta(hours=1)
        type(waiting).objects.filter(pk=waiting.pk).update(leaves_at=later)
        opened = sessions_of(dataset)
        # Before `more_pages` makes the token of a mailed link, which a later log-in would void.
        for person in dataset["people"].values():
            session_of(dataset, person)
        DBTaskResult.objects.all().delete()
        steps_to, needing_text = find_steps(dataset, more_pages(dataset))
        steps_to["/organizer/events/<int:pk>/check-in/ready/"] = [steps_to_ready(dataset)]
        database = copy_of_database()
        shared.update(
            dataset=dataset,
            sessions=opened,
            database=database,
            steps_to=steps_to,
            needing_text=needing_text,
        )
    shared["database"].backup(connection.connection)
    return shared["dataset"]


def sessions_of(dataset: Dataset) -> dict[str, str]:
    """Log each person in, in two browsers. Returns the second sessions; the owner's is a device."""
    opened = {}
    for who, person in dataset["people"].items():
        sessions.log_in(Client(), person)
        opened[who] = sessions.log_in(Client(), person)
    owner, event = dataset["people"]["owner"], dataset["events"]["today"]
    session = SessionStore(opened["owner"])
    session[access.SESSION] = devices.register(event, person=owner).pk
    session.save()
    return opened


def steps_to_ready(dataset: Dataset) -> FormSteps:
    """The steps to a form that only a registered device is shown."""
    path = reverse("tickets:ready", args=[dataset["events"]["today"].pk])
    return FormSteps("owner", path, ("/organizer/events/<int:pk>/check-in/ready/",))


@pytest.fixture
def steps_to(dataset, shared) -> dict[str, list[FormSteps]]:
    """{form: the steps to it} of all forms that this file tests."""
    return {key: found for key, found in shared["steps_to"].items() if key not in ELSEWHERE}


# {how the forms are sent: whether a script runs, None without a browser}
WAYS: dict[str, bool | None] = {"script": True, "no script": None}
if os.environ.get("LONG"):
    WAYS["no script, in a browser"] = False


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def window(request, dataset, shared, open_still_window) -> Iterator[FormWindow | FormClient]:
    if request.param is None:
        yield FormClient(shared["sessions"], shared["database"])
        return
    page = open_still_window(java_script_enabled=request.param)
    window = FormWindow(page, shared["sessions"], shared["database"], scripted=request.param)
    yield window
    window.start(FormSteps("visitor", "/offline/", ()))


def test_form_shows_what_is_missing_and_its_result(dataset, steps_to, window, shared, page_errors):
    page_errors.expected += ["the server responded with a status of 4", *REPLACED]
    typed, todo, unseen = typed_in(dataset), sorted(steps_to), {}
    for key in todo:
        if key not in SEEN:
            unseen[key] = f"not in SEEN: {steps_to[key][0]}"
            continue
        fitting = fitting_steps(dataset, steps_to[key])
        is_empty_wrong = key in shared["needing_text"]
        steps = next((one for one in fitting if send(window, one, typed, is_empty_wrong)), None)
        if steps is None or not shows(window, SEEN[key]):
            unseen[key] = f"{steps or steps_to[key]}, {window.describe()}"
        elif new := [key for key in window.senders() if key not in steps_to | ELSEWHERE]:
            for form in new:
                steps_to[form] = [FormSteps(steps.who, steps.path, (*steps.keys, form))]
            todo += new
    assert not unseen, "\n".join(f"{key}: {instead}" for key, instead in unseen.items())
    assert set(SEEN) == set(steps_to)


def fitting_steps(dataset: Dataset, found: list[FormSteps]) -> list[FormSteps]:
    """Those of the steps to a form from which it can succeed."""
    event = AT.get(found[0].keys[-1])
    part = f"/events/{dataset['events'][event].pk}/" if event else ""
    return [steps for steps in found if part in steps.path]


def send(
    window: FormWindow | FormClient,
    steps: FormSteps,
    typed: dict[str, Fields],
    is_empty_wrong: bool,
) -> bool:
    """Send the forms of these steps one after the other. Returns whether the last could be sent.

    One that cannot be empty is first sent empty, and says what is wrong.
    """
    window.start(steps)
    *before, last = steps.keys
    for key in before:
        assert window.press(key, TYPED | typed.get(key, {}))
        assert shows(window, SEEN[key]), key
    if is_empty_wrong:
        if not window.press(last, None):
            return False
        assert becomes_true(window.shows_an_error), f"{last}: {window.describe()}"
    sent = window.press(last, TYPED | typed.get(last, {}))
    if sent and not window.scripted and last in ASKED_FIRST:
        assert shows(window, ASKED_FIRST[last]), last
        return window.press(last, TYPED)
    return sent


def shows(window: FormWindow | FormClient, sentence: str) -> bool:
    """Wait until the sentence is visible as feedback. Returns whether it is."""
    return becomes_true(lambda: window.shows(sentence))


def becomes_true(question: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (answer := question()) and time.monotonic() < until:
        time.sleep(0.05)
    return answer
