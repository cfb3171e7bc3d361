"""Password reset: who gets the link, how often, and what it changes."""

import pytest
from django.test import Client

from accounts import mail_limits
from eventflow.mail.models import Mail
from tests.accounts.test_login import is_logged_in, log_in
from tests.support.factories import make_person
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db
LOGIN, LOGOUT, RESET = "/accounts/login/", "/accounts/logout/", "/accounts/password/reset/"
NEW = "quite another password"


def test_reset_answers_alike_and_only_the_owner_can_use_it():
    make_person(email="known@example.org")
    pages = [
        Client().post(RESET, {"email": email})
        for email in ("known@example.org", "nobody@example.org")
    ]
    assert [(page.status_code, page["Location"]) for page in pages] == [
        (302, "/accounts/password/reset/done/")
    ] * 2
    assert letters_to("nobody@example.org")[0].subject == "No EventFlow account with this address"
    assert letters_to("known@example.org")[0].subject == "Choose a new EventFlow password"


def request_reset(email, times=1):
    for number in range(times):
        browser = Client(REMOTE_ADDR=f"198.51.100.{number}")
        assert browser.post(RESET, {"email": email}).status_code == 302
    return len(letters_to(email))


def test_reset_link_is_mailed_once_in_three_minutes(settings):
    make_person(email="known@example.org")
    for email in ("known@example.org", "nobody@example.org"):
        assert request_reset(email, times=3) == 1
    settings.RATE_LIMITS = False
    assert request_reset("known@example.org") == 2


def test_unknown_address_gets_one_mail_whatever_was_requested(client):
    assert request_reset("nobody@example.org") == 1
    client.post("/accounts/activation/", {"email": "nobody@example.org"})
    assert len(letters_to("nobody@example.org")) == 1


def test_reset_link_is_mailed_again_when_the_last_one_is_invalid(client, settings):
    """Otherwise a log-in could keep the owner from ever getting a link that works."""
    settings.ACCOUNT_RATE_LIMITS = False
    owner = make_person(email="known@example.org")
    mails = []
    for _ in range(mail_limits.MAX_REPLACEMENTS_PER_HOUR + 2):
        mails.append(request_reset(owner.email))
        log_in(Client(), owner.email)
    most = 1 + mail_limits.MAX_REPLACEMENTS_PER_HOUR
    assert mails == [*range(1, most + 1), most]


def test_reset_takes_the_same_steps_for_every_address(django_assert_num_queries):
    """As many statements and mails with and without an account: the time tells nothing."""
    make_person(email="known@example.org")
    Client().post(RESET, {"email": "first@example.org"})  # fills the caches of the first request
    for email in ("known@example.org", "nobody@example.org"):
        with django_assert_num_queries(5):
            assert Client().post(RESET, {"email": email}).status_code == 302
        assert len(letters_to(email)) == 1


def test_reset_changes_the_password_and_ends_every_session(client):
    person = make_person()
    elsewhere = Client()
    log_in(elsewhere, person.email)
    client.post(RESET, {"email": person.email})
    path = link_in(letters_to(person.email)[0], "/reset/key/")
    form = client.get(path).url
    assert "Choose a new password" in client.get(form).text
    assert client.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert not is_logged_in(elsewhere)
    assert "does not work any more" in Client().get(path).text
    assert log_in(client, person.email).status_code == 200
    assert log_in(client, person.email, NEW).status_code == 302
    assert letters_to(person.email)[-1].subject == "Your EventFlow password was changed"


def test_reset_link_logs_nobody_out_when_opened(client):
    owner, other = make_person(), make_person()
    client.post(RESET, {"email": owner.email})
    path = link_in(letters_to(owner.email)[0], "/reset/key/")
    client.force_login(other)
    page = client.get(path, follow=True)
    assert client.session["_auth_user_id"] == str(other.pk)
    client.post(
        page.redirect_chain[-1][0],
        {"password1": "quite another one", "password2": "quite another one"},
    )
    assert "_auth_user_id" not in client.session
    owner.refresh_from_db()
    assert owner.check_password("quite another one")


def test_reset_link_leads_to_the_site_url(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://tickets.example"
    person = make_person()
    client.post(RESET, {"email": person.email}, headers={"host": "evil.example"})
    letter = letters_to(person.email)[0]
    assert "https://tickets.example/accounts/password/reset/key/" in letter.body
    assert "evil.example" not in letter.body + str(letter.alternatives)


def test_token_in_a_queued_mail_is_erased_once_it_is_sent(client):
    person = make_person()
    client.post(RESET, {"email": person.email})
    assert "/reset/key/" in Mail.objects.get().args["text"]
    letters_to(person.email)
    assert Mail.objects.get().args == {}
