"""Requests for a new address, by the owner and by an intruder, and the links in their mails."""

from typing import Any

from django.test import Client

from accounts import signed_links
from accounts.models import FormerAddress, User
from tests.support.factories import PASSWORD

EMAIL, RESET = "/accounts/email/", "/accounts/password/reset/"
OLD, NEW, EVIL = "owner@example.org", "new@example.org", "attacker@evil.example"
BETTER = "a much better password"


def log_in(browser: Client, email: str, password: str = PASSWORD) -> Any:
    return browser.post("/accounts/login/", {"login": email, "password": password})


def request_address(browser: Client, email: str) -> Any:
    """Send the form, and the password that it asks for. Returns the last answer."""
    response = browser.post(EMAIL, {"email": email, "action_add": ""})
    assert response["Location"].startswith("/accounts/reauthenticate/")
    return browser.post(response["Location"], {"password": PASSWORD})


def request_as_intruder(email: str = EVIL) -> Client:
    """Log in with the stolen password and request another address. Returns the browser."""
    intruder = Client()
    assert log_in(intruder, OLD).status_code == 302
    assert request_address(intruder, email).status_code == 302
    return intruder


def press_undo(link: str) -> Any:
    return Client().post(link)


def sign_up_unverified(email: str) -> None:
    fields = {"email": email, "password1": BETTER, "password2": BETTER}
    names = {"first_name": "Mallory", "last_name": "M"}
    assert Client().post("/accounts/signup/", fields | names).status_code == 302
    assert User.objects.filter(email=email).exists()


def token_for(person: User, email: str) -> str:
    former, _ = FormerAddress.objects.get_or_create(person=person, email=email)
    return signed_links.undo_url(former).rstrip("/").rpartition("/")[2]
