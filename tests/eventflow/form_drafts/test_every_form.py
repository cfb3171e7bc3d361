"""Every form of the site that is sent without a session keeps its text for its person."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from accounts.models import User
from eventflow.core.form_drafts import DRAWN_FOR, TOKEN
from tests.eventflow.form_drafts.browser import HERE, Browser, all_data, all_fields_in, fields_in
from tests.support import sessions
from tests.support.factories import make_event, make_person, make_reservation
from tests.support.forms import ENGLISH, FilledForm, forms_on, forms_to_fill, open_page
from tests.support.full_dataset import Dataset, make_dataset

pytestmark = pytest.mark.django_db
# What is typed into these forms may stand in no page and no address.
RESET_KEY = r"/^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"
PRIVATE = {
    RESET_KEY: "passwords",
    "/accounts/2fa/webauthn/add/": "what a passkey answers",
    "/accounts/2fa/reauthenticate/": "a code of the app",
    "/accounts/2fa/totp/activate/": "a code of the app",
    "/accounts/login/": "a password",
    "/accounts/password/change/": "passwords",
    "/accounts/reauthenticate/": "a password",
    "/accounts/signup/": "passwords",
    "/organizer/events/<int:pk>/check-in/": "the code of a ticket",
}
# Without a session allauth leads to the log-in page. With an old token it is kept like any.
ALLAUTHS = {"/accounts/email/": "an address"}


def answers_of(forms: dict[str, FilledForm], dataset: Dataset) -> Iterator[FilledForm]:
    """Yield the forms that the answers of these forms hold: a message's preview, a question."""
    for key in ("messages/ action=preview", "queue/reject/"):
        form = next(form for each, form in forms.items() if each.endswith(key))
        answer = open_page(Client(headers=ENGLISH), dataset, form.who, form.action, form.fields)
        yield from forms_on(answer, form.who)


def every_form(dataset: Dataset) -> dict[str, FilledForm]:
    waiting = reverse("tickets:reject", args=[dataset["reservations"]["waiting"].pk])
    pending = reverse("tickets:queue", args=[dataset["events"]["pending"].pk])
    forms = forms_to_fill(dataset, [("owner", waiting), ("owner", pending)])
    return forms | {form.key: form for form in answers_of(forms, dataset) if form.typed}


@pytest.mark.once
def test_every_form_with_text_has_a_draft_for_its_person_or_none():
    """Found on the site's pages. One that is new is kept, or stands above with the reason."""
    dataset = make_dataset()
    found, wrong = every_form(dataset), {}
    direct, kept = Client(headers=ENGLISH), Browser()
    for key, form in found.items():
        if key in PRIVATE:
            wrong[key] = what_is_shown_of(form, direct, kept)
        elif form.who == "visitor" or key in ALLAUTHS:
            wrong[key] = what_an_old_token_loses(form, kept)
        else:
            wrong[key] = what_the_end_of_the_session_loses(form, dataset, direct, kept)
    assert not {key: told for key, told in wrong.items() if told}
    assert not {*PRIVATE, *ALLAUTHS} - {*found}
    assert len(found) > 20


def anew(*browsers: Client) -> None:
    """Forget who was logged in, and what was counted."""
    cache.clear()
    for browser in browsers:
        browser.cookies.clear()


def what_is_shown_of(form: FilledForm, *browsers: Client) -> str:
    """What was typed and stands in an answer to it, without a session or with an old token."""
    secrets = {value for name in form.typed for value in form.fields[name] if len(value) > 3}
    anew(*browsers)
    for browser in browsers:
        answer = browser.post(form.action, form.fields, headers=HERE)
        shown = [value for value in secrets if value in answer.text + answer.get("Location", "")]
        if shown and answer.status_code in {302, 401, 403}:
            return f"{answer.status_code}: {shown}"
    return ""


def what_an_old_token_loses(form: FilledForm, browser: Browser) -> str:
    anew(browser)
    return what_differs(browser.send(form.action, form.fields), form, status=403)


def what_differs(page: Any, form: FilledForm, *, status: int) -> str:
    """How the page falls short of holding the form as it was sent, and in no cache."""
    kept = {name: values for name, values in form.fields.items() if name not in {TOKEN, DRAWN_FOR}}
    got = (page.status_code, page.get("Cache-Control"), fields_in(page))
    return "" if got == (status, "private, no-store", kept) else f"{got} instead of {kept}"


def what_the_end_of_the_session_loses(
    form: FilledForm, dataset: Dataset, direct: Client, kept: Browser
) -> str:
    """Follow the form over the log-in of its person. It must end as if nothing had been between."""
    anew(direct, kept)
    owner, before = dataset["people"][form.who], all_data()
    with transaction.atomic():
        sessions.log_in(direct, owner)
        wanted = outcome(direct.post(form.action, form.fields, headers=HERE), before)
        transaction.set_rollback(True)
    cache.clear()
    with transaction.atomic():
        page = kept.send(form.action, form.fields | {TOKEN: [kept.token()]})
        wrong = what_differs(page, form, status=401)
        sessions.log_in(kept, owner)
        kept.cookies["csrftoken"] = "n" * 32
        again = kept.send(form.action, all_fields_in(page))
        wrong = wrong or what_differs(again, form, status=403)
        wrong = wrong or ("something was done before" if all_data() != before else "")
        kept.cookies["csrftoken"] = again.cookies["csrftoken"].value
        got = outcome(kept.send(form.action, all_fields_in(again)), before)
        transaction.set_rollback(True)
    return wrong or ("" if got == wanted else f"{got} instead of {wanted}")


def outcome(answer: Any, before: str) -> tuple[int, str, bool]:
    route = resolve(answer["Location"].partition("?")[0]).route if "Location" in answer else ""
    return answer.status_code, route, all_data() != before


@pytest.fixture
def people() -> tuple[User, User]:
    """Two who share a browser: the one who writes, and the one who logs in next."""
    return make_person("Alice Lis"), make_person("Bob Lis")


@pytest.fixture
def dataset() -> dict[str, Any]:
    event = make_event()
    return {"event": event, "reservation": make_reservation(event)}
