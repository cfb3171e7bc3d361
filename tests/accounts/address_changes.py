"""Requests for a new address, by the owner and by an intruder, and the links in their mails."""

from django.test import Client

from accounts import signed_links
from accounts.models import FormerAddress, User
from tests.support.factories import PASSWORD

EMAIL, RESET = "/accounts/email/", "/accounts/password/reset/"
OLD, NEW, EVIL = "owner@example.org", "new@example.org", "attacker@evil.example"
BETTER = "a much better password"


def log_in(browser, email, password=PASSWORD):
    return browser.post("/accounts/login/", {"login": email, "password": password})


def request_address(browser, email):
    """Send the form, and the password again."""
    response = browser.post(EMAIL, {"email": email, "action_add": ""})
    assert response.url.startswith("/accounts/reauthenticate/")
    return browser.post(response.url, {"password": PASSWORD})


def request_as_intruder(email=EVIL):
    """Somebody else, who knows the password, requests an address of their own."""
    intruder = Client()
    assert log_in(intruder, OLD).status_code == 302
    assert request_address(intruder, email).status_code == 302
    return intruder


def press_undo(link):
    return Client().post(link)


def sign_up_unverified(email):
    fields = {"email": email, "password1": BETTER, "password2": BETTER}
    names = {"first_name": "Mallory", "last_name": "M"}
    assert Client().post("/accounts/signup/", fields | names).status_code == 302
    assert User.objects.filter(email=email).exists()


def token_for(person, email):
    former, _ = FormerAddress.objects.get_or_create(person=person, email=email)
    return signed_links.undo_url(former).rstrip("/").rpartition("/")[2]
