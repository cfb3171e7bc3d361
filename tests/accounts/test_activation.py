"""Activation: the mailed link, the first log-in, and links that are refused."""

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.test import Client
from django.urls import reverse

from accounts import activation, signed_links
from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from tests.accounts.sign_ups import LOGIN, SIGNUP, is_logged_in, post_sign_up
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db


@pytest.mark.both
def test_signup_activation_and_login_follow_each_other(client):
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/")
    elsewhere = Client()
    assert "Activate my account" in elsewhere.get(path).text
    page = elsewhere.post(path)
    assert (page.status_code, is_logged_in(elsewhere)) == (200, False)
    assert "Your account is active" in page.text
    response = elsewhere.post(LOGIN, {"login": "MAJA@example.org", "password": PASSWORD})
    assert (response["Location"], is_logged_in(elsewhere)) == ("/", True)


def test_activation_link_changes_nothing_when_opened(client):
    """Mail scanners open every link."""
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/")
    other = make_person()
    client.force_login(other)
    for _ in range(2):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert not EmailAddress.objects.get(email="maja@example.org").verified
    assert client.session["_auth_user_id"] == str(other.pk)


def test_activation_logs_another_person_out(client):
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/")
    client.force_login(make_person())
    client.post(path)
    assert not is_logged_in(client)
    assert EmailAddress.objects.get(email="maja@example.org").verified


def test_activation_logs_in_the_browser_that_signed_up_and_leads_back(client):
    post_sign_up(client, path=f"{SIGNUP}?next=/events/7/")
    page = client.post(link_in(letters_to("maja@example.org")[0], "/activate/"))
    assert is_logged_in(client)
    assert 'href="/events/7/"' in page.text


def test_activation_never_leads_to_another_site(client):
    post_sign_up(client, path=f"{SIGNUP}?next=https://evil.example/")
    assert (
        "evil.example"
        not in client.post(link_in(letters_to("maja@example.org")[0], "/activate/")).text
    )


def test_used_activation_link_says_so_and_logs_nobody_in(client):
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/")
    client.post(path)
    client.post("/accounts/logout/")
    assert "already active" in client.get(path).text
    assert client.post(path).status_code == 200
    assert not is_logged_in(client)
    assert AuditEntry.objects.filter(action="account.activate").count() == 1


@pytest.mark.parametrize("key", ["x", "MQ:1abc:def", "a/b", "%00", "MQ:" * 500])
@pytest.mark.parametrize("route", ["/activate/{}/", "/accounts/confirm-email/{}/"])
def test_forged_activation_link_says_so_and_offers_a_new_one(client, key, route):
    for response in (client.get(route.format(key)), client.post(route.format(key))):
        assert response.status_code == 400
        assert reverse("accounts:send_link_again") in response.text


def test_expired_activation_link_is_refused(client, settings):
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/")
    settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 0
    assert client.post(path).status_code == 400
    assert not EmailAddress.objects.get().verified


def test_activation_refuses_a_signature_for_another_purpose(client):
    post_sign_up(client)
    assert (
        client.post(
            f"/activate/{signing.dumps(EmailAddress.objects.get().pk, salt='elsewhere')}/"
        ).status_code
        == 400
    )


def test_allauths_own_confirmation_address_shows_our_page(client):
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/").replace(
        "/activate/", "/accounts/confirm-email/"
    )
    client.get(path)
    assert not EmailAddress.objects.get().verified
    client.post(path)
    assert EmailAddress.objects.get().verified


def test_activation_link_leads_where_the_setting_says(settings):
    address = EmailAddress.objects.get(user=make_person(activated=False))
    key = signed_links.activation_url(address).split("/activate/")[1].rstrip("/")
    settings.FRONTEND_ACTIVATION_URL = "https://tickets.example/base/"
    assert signed_links.activation_url(address).startswith("https://tickets.example/base/activate/")
    settings.FRONTEND_ACTIVATION_URL = "https://front.example/welcome?key={token}"
    link = signed_links.activation_url(address)
    assert link.startswith("https://front.example/welcome?key=")
    assert link.partition("=")[2].count("%3A") == key.count(":") == 2


def test_activation_mail_is_in_the_language_of_the_person(client):
    post_sign_up(client, language="pl")
    assert User.objects.get().language == Mail.objects.get().language == "pl"


def test_lost_link_is_resent_and_every_address_is_answered_alike():
    make_person(email="active@example.org")
    EmailAddress.objects.filter(user=make_person(email="waiting@example.org")).update(
        verified=False
    )
    sign_up_form = []
    for email in ("active@example.org", "waiting@example.org", "nobody@example.org"):
        client = Client()
        response = client.post(reverse("accounts:send_link_again"), {"email": email.upper()})
        sign_up_form.append((response.status_code, response["Location"]))
    assert sign_up_form == [(302, reverse("account_email_verification_sent"))] * 3
    subjects = [
        letters_to(email)[0].subject
        for email in ("active@example.org", "waiting@example.org", "nobody@example.org")
    ]
    assert subjects == [
        "You already have an EventFlow account",
        "Activate your EventFlow account",
        "No EventFlow account with this address",
    ]


def test_lost_link_form_needs_an_address(client):
    assert "A new link" in client.get(reverse("accounts:send_link_again")).text
    response = client.post(reverse("accounts:send_link_again"), {"email": "nonsense"})
    assert (response.status_code, Mail.objects.count()) == (422, 0)
    assert "name@example.org" in response.text


@pytest.mark.both
def test_activate_twice_keeps_the_first_result():
    address = EmailAddress.objects.get(user=make_person(activated=False))
    key = signed_links.activation_url(address).split("/activate/")[1].rstrip("/")
    assert [activation.activate(key), activation.activate(key)] == [
        (address, True),
        (address, False),
    ]
    assert AuditEntry.objects.count() == 1


@pytest.mark.both
def test_activate_refuses_an_address_that_another_account_has():
    person = make_person()
    wanted = EmailAddress.objects.create(user=person, email="new@example.org")
    make_person(email="new@example.org")
    key = signed_links.activation_url(wanted).split("/activate/")[1].rstrip("/")
    with pytest.raises(Refused) as caught:
        activation.activate(key)
    assert caught.value.code == "email_taken"
    person.refresh_from_db()
    assert person.email != "new@example.org"
    assert EmailAddress.objects.filter(user=person, verified=True).count() == 1
