"""Sign-up and activation: from the form over the mailed link to the first log-in."""

import threading

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import activation, sign_up, signed_links
from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.page_checks import without_tokens

pytestmark = pytest.mark.django_db
SIGNUP, LOGIN = "/accounts/signup/", "/accounts/login/"


def sign_up_form(email="maja@example.org", **changes):
    names = {"first_name": "Maja", "last_name": "Wiśniewska"}
    return {"email": email, "password1": PASSWORD, "password2": PASSWORD, **names, **changes}


def post_sign_up(client, email="maja@example.org", path=SIGNUP, **changes):
    return client.post(path, sign_up_form(email, **changes))


def is_logged_in(client):
    return "_auth_user_id" in client.session


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
    assert [*person.emailaddress_set.values_list("email", "verified", "primary")] == [
        ("maja@example.org", False, True)
    ]
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


def test_signup_activation_and_login_follow_each_other(client):
    post_sign_up(client)
    path = link_in(letters_to("maja@example.org")[0], "/activate/")
    elsewhere = Client()
    assert "Activate my account" in elsewhere.get(path).text
    page = elsewhere.post(path)
    assert (page.status_code, is_logged_in(elsewhere)) == (200, False)
    assert "Your account is active" in page.text
    response = elsewhere.post(LOGIN, {"login": "MAJA@example.org", "password": PASSWORD})
    assert (response.url, is_logged_in(elsewhere)) == ("/", True)


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


def test_lost_link_is_resent_and_every_address_is_answered_alike():
    make_person(email="active@example.org")
    EmailAddress.objects.filter(user=make_person(email="waiting@example.org")).update(
        verified=False
    )
    sign_up_form = []
    for email in ("active@example.org", "waiting@example.org", "nobody@example.org"):
        client = Client()
        response = client.post(reverse("accounts:send_link_again"), {"email": email.upper()})
        sign_up_form.append((response.status_code, response.url))
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


def test_activate_twice_keeps_the_first_result():
    address = EmailAddress.objects.get(user=make_person(activated=False))
    key = signed_links.activation_url(address).split("/activate/")[1].rstrip("/")
    assert [activation.activate(key), activation.activate(key)] == [
        (address, True),
        (address, False),
    ]
    assert AuditEntry.objects.count() == 1


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
    assert person.emailaddress_set.filter(verified=True).count() == 1


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

    threads = [threading.Thread(target=race, args=[number]) for number in (1, 2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert User.objects.count() == 1
    assert [person.pk for person in seen] == [User.objects.get().pk] * 2
    assert {mail.builder for mail in Mail.objects.all()} == {"accounts.activation"}
