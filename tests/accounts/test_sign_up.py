"""Sign-up: its form, its mails, and addresses that are taken."""

import threading
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import sign_up
from accounts.models import User
from eventflow.mail.models import Mail
from tests.accounts.sign_ups import SIGNUP, is_logged_in, post_sign_up
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.page_checks import without_tokens
from tests.support.threads import run_together

pytestmark = pytest.mark.django_db


def test_signup_form_has_exactly_the_documented_fields(client):
    fields = client.get(SIGNUP).context["form"].fields
    assert [*fields] == ["first_name", "last_name", "email", "password1", "password2", "language"]


def test_signup_saves_person_and_mail_and_logs_nobody_in(client):
    response = post_sign_up(client, "Maja@Example.org")
    assert response.url == reverse("account_email_verification_sent")
    person = User.objects.get()
    assert (person.email, person.first_name, person.last_name, person.role) == (
        "maja@example.org",
        "Maja",
        "Wiśniewska",
        "user",
    )
    assert person.check_password(PASSWORD)
    assert [
        *EmailAddress.objects.filter(user=person).values_list("email", "verified", "primary")
    ] == [("maja@example.org", False, True)]
    assert [*Mail.objects.values_list("builder", "to", "state")] == [
        ("accounts.activation", "maja@example.org", "queued")
    ]
    assert not is_logged_in(client)
    assert "maja@example.org" in client.get(response.url).text


def test_signup_whose_mail_cannot_be_queued_leaves_no_person(client, monkeypatch):
    """Person and mail are one transaction: every account can be activated."""
    monkeypatch.setattr(
        Mail.objects, "bulk_create", lambda mails: (_ for _ in ()).throw(OSError("disk full"))
    )
    client.raise_request_exception = False
    assert post_sign_up(client).status_code == 500
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()


def test_signup_form_suggests_the_language_of_the_page(client):
    client.cookies["django_language"] = "pl"
    assert client.get(SIGNUP).context["form"]["language"].value() == "pl"
    post_sign_up(client)
    assert User.objects.get().language == "pl"


def test_mail_to_an_unverified_address_holds_nothing_that_was_typed(client):
    """Otherwise the form would send advertisements to anybody."""
    post_sign_up(client, first_name="WIN at evil.example", last_name="now")
    again = {"password1": "quite another one", "password2": "quite another one"}
    post_sign_up(client, first_name="WIN at evil.example", last_name="now", **again)
    letters = letters_to("maja@example.org")
    assert len(letters) == 2
    assert not [
        letter for letter in letters if "evil.example" in letter.body + str(letter.alternatives)
    ]


def test_signup_with_a_taken_address_is_answered_alike_and_mails_its_owner():
    owner = make_person("Olga Owner", email="taken@example.org")
    pages = []
    for email in ("taken@example.org", "fresh1@example.org"):
        client = Client()
        response = post_sign_up(client, email, first_name="Thief")
        pages.append(
            (
                response.status_code,
                response.url,
                without_tokens(client.get(response.url).text.replace(email, "")),
            )
        )
    assert pages[0] == pages[1]
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert owner.first_name == "Olga"
    [letter] = letters_to("taken@example.org")
    assert letter.subject == "You already have an EventFlow account"
    assert link_in(letter, "/password/reset/") == reverse("account_reset_password")


def test_signup_form_does_not_tell_a_taken_address(client):
    make_person(email="taken@example.org")
    errors = [
        post_sign_up(client, email, password2="other").context["form"].errors
        for email in ("taken@example.org", "fresh@example.org")
    ]
    assert errors[0] == errors[1] == {"password2": ["You must type the same password each time."]}


def test_forms_cannot_fill_a_mailbox(client, settings):
    make_person(email="taken@example.org")
    for _ in range(3):
        post_sign_up(client, "taken@example.org")
        client.post(reverse("accounts:send_link_again"), {"email": "taken@example.org"})
    assert len(letters_to("taken@example.org")) == 1
    settings.RATE_LIMITS = False
    post_sign_up(client, "taken@example.org")
    assert len(letters_to("taken@example.org")) == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneous_sign_ups_make_one_account():
    gate, seen = threading.Barrier(2), []

    def race(number):
        gate.wait()
        seen.append(
            sign_up.sign_up(
                email="maja@example.org",
                password=PASSWORD,
                first_name=f"Maja {number}",
                language="en",
            )
        )
        connection.close()

    run_together(partial(race, number) for number in (1, 2))
    assert User.objects.count() == 1
    assert seen == [User.objects.get()] * 2
    assert {mail.builder for mail in Mail.objects.all()} == {"accounts.activation"}
