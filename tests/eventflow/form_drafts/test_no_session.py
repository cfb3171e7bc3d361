"""A form that is sent without a session changes nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.eventflow.form_drafts.browser import HERE, all_data
from tests.support import sessions
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.forms import LINE, WORDS
from tests.support.markup import tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset() -> dict[str, Any]:
    event = make_event()
    return {"event": event, "reservation": make_reservation(event)}


def test_form_without_a_session_changes_nothing_and_names_the_log_in(client, dataset):
    event = dataset["event"]
    path, before = reverse("events:edit", args=[event.pk]), all_data()
    page = client.post(path, {"title": LINE, "description": WORDS, "action": "save"})
    (form,) = tree(page).xpath("//main//form")
    assert (form.get("method"), form.get("action")) == ("post", path)
    # Logging in, as the page's link asks for it, sends nothing by itself.
    (link,) = tree(page).xpath("//main//form//a")
    login = {"login": event.organizer.email, "password": PASSWORD}
    assert client.post(link.get("href"), login).status_code == 302
    assert all_data() == before


@pytest.mark.parametrize("view", ["events:edit", "tickets:check_in"])
def test_htmx_form_without_a_session_leaves_the_page_as_it_is(client, dataset, view):
    path, before = reverse(view, args=[dataset["event"].pk]), all_data()
    fields = {"title": LINE, "code": "7K4M-2QXD"}
    answer = client.post(path, fields, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer
    assert not any(value in answer.text for value in fields.values())
    assert all_data() == before


PRIVATE_FIELDS = [
    ("accounts:delete", {"password": "violet harbour lantern"}),
    ("account_change_password", {"oldpassword": "a secret", "password1": "b secret"}),
    ("mfa_activate_totp", {"code": "123456"}),
    ("mfa_authenticate", {"code": "123456"}),
    ("mfa_reauthenticate", {"code": "a-recovery-code"}),
    ("tickets:check_in", {"code": "7K4M-2QXD"}),
    (
        "tickets:messages",
        {"body": "Words", "token": "a-token-of-some-kind", "password": "a secret"},
    ),
]


@pytest.mark.parametrize(("view", "fields"), PRIVATE_FIELDS)
@pytest.mark.parametrize("old_token", [False, True])
def test_passwords_and_codes_are_not_stored_in_drafts(dataset, caplog, view, fields, old_token):
    """Not in the page, in no address, in no session and in no log."""
    args = [dataset["event"].pk] if view.startswith("tickets:") else []
    path, client = reverse(view, args=args), Client(enforce_csrf_checks=old_token)
    headers = HERE | {"Referer": f"http://testserver{path}?code=7K4M-2QXD&q=a+secret"}
    answer = client.post(path, fields, headers=headers)
    secrets = [value for name, value in fields.items() if name != "body"]
    everywhere = [answer.text, str(answer.headers), str(dict(client.session)), caplog.text]
    assert not [text for value in secrets for text in everywhere if value in text]


def sent_before_proving_again(
    person: User, view: str, fields: dict[str, str]
) -> tuple[Client, Any]:
    """What somebody gets who is logged in, and is asked for their password before it is done."""
    client = Client()
    client.force_login(person, backend=sessions.BACKEND)
    return client, client.post(reverse(view), fields)


@pytest.mark.parametrize(
    ("view", "fields"),
    [("mfa_activate_totp", {"code": "123456"}), ("mfa_add_webauthn", {"credential": "{}-secret"})],
)
def test_code_does_not_wait_in_the_session_for_the_password(view, fields):
    client, answer = sent_before_proving_again(make_person(), view, fields)
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=%2Faccounts%2F2fa%2F")
    assert not [value for value in fields.values() if value in str(dict(client.session))]


def test_key_of_an_app_stays_while_the_password_is_asked_for():
    """Only the code is typed again: whoever set the app up need not scan the picture once more."""
    person = make_person()
    client = Client()
    sessions.log_in(client, person)
    client.get(reverse("mfa_activate_totp"))
    key = client.session["mfa.totp.secret"]
    client.session.flush()
    client.force_login(person, backend=sessions.BACKEND)
    session = client.session
    session["mfa.totp.secret"] = key
    session.save()
    answer = client.post(reverse("mfa_activate_totp"), {"code": "123456"})
    page = client.post(answer["Location"], {"password": PASSWORD}, follow=True)
    assert page.redirect_chain == [(reverse("mfa_activate_totp"), 302)]
    assert key in page.text
    # They typed a code: nothing is said of one that is missing.
    assert not tree(page).xpath("//*[@aria-invalid or @data-invalid]")
    assert client.session["mfa.totp.secret"] == key


def test_passkey_after_the_password_is_asked_for_anew_without_an_error():
    fields = {"name": "Laptop", "credential": "{}"}
    client, answer = sent_before_proving_again(make_person(), "mfa_add_webauthn", fields)
    page = client.post(answer["Location"], {"password": PASSWORD}, follow=True)
    assert page.redirect_chain == [(reverse("mfa_add_webauthn"), 302)]
    assert not tree(page).xpath("//*[@aria-invalid or @data-invalid]")


def test_new_address_waits_in_the_session_for_the_password():
    fields = {"email": "new@example.org", "action_add": ""}
    client, answer = sent_before_proving_again(make_person(), "account_email", fields)
    assert client.post(answer["Location"], {"password": PASSWORD}).status_code == 302
    assert "new@example.org" in client.get(reverse("account_email")).text


@pytest.mark.parametrize("view", ["mfa_edit_webauthn", "accounts:delete"])
def test_form_without_a_session_is_not_stored_for_the_next_person(client, view):
    args = [1] if view == "mfa_edit_webauthn" else []
    client.post(reverse(view, args=args), {"name": "AliceSecret"})
    assert "AliceSecret" not in str(dict(client.session))


BACKGROUND = {
    "queue": ("tickets:queue", "event"),
    "arrivals": ("tickets:arrivals", "event"),
    "doors": ("tickets:doors", "event"),
    "ticket": ("tickets:ticket", "reservation"),
}


@pytest.mark.parametrize("name", BACKGROUND)
def test_automatic_request_without_a_session_does_not_redirect(client, dataset, name):
    view, what = BACKGROUND[name]
    page = f"/organizer/events/{dataset['event'].pk}/queue/?state=all"
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver{page}",
        "X-Asked-By-Itself": "true",
    }
    answer = client.get(reverse(view, args=[dataset[what].pk]), headers=headers)
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer
    (link,) = tree(answer).xpath("//*[@id='toasts']//a")
    assert link.get("href").startswith("/accounts/login/?next=/organizer/events/")
    assert "what you typed stays" in answer.text
