"""Passkeys, with an authenticator that Chromium simulates: added, used alone, as a second step."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.factories import PASSWORD, make_person

pytestmark = pytest.mark.once
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def device(page):
    """Add a simulated authenticator, which needs no press, to the page."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})[
        "authenticatorId"
    ]


def give_password(page, person):
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form").first.get_by_role("button", name="Log in", exact=True).click()


def add_passkey(page, *, alone):
    page.goto("/accounts/2fa/webauthn/add/")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.locator("[name=name]").fill("My phone")
    page.locator("[name=passwordless]").set_checked(alone)
    page.get_by_role("button", name="Add this device").click()
    expect(page).to_have_url(re.compile("recovery-codes"))
    page.goto("/accounts/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("My phone")


def log_out(page):
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Log out").click()
    expect(page.locator(".toast")).to_contain_text("You are logged out.")


def test_passkey_alone_logs_in_and_a_missing_one_says_what_to_do(page, device):
    session, authenticator = device
    person = make_person(language="en")
    give_password(page, person)
    add_passkey(page, alone=True)
    log_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.locator("header summary .avatar")).to_be_visible()
    log_out(page)
    session.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    session.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.locator("#passkey-error")).to_have_text(
        "The passkey did not come through. Try again, or use your password.", timeout=15_000
    )


def test_passkey_is_the_second_step_after_the_password(page, device):
    person = make_person(language="en")
    give_password(page, person)
    add_passkey(page, alone=False)
    log_out(page)
    give_password(page, person)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.locator("header summary .avatar")).to_be_visible()
