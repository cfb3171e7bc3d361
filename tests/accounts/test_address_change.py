"""Change of the e-mail address: an intruder who requests one gains nothing that lasts."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts import access, signed_links
from accounts.models import User
from tests.accounts.address_changes import (
    BETTER,
    EVIL,
    NEW,
    OLD,
    RESET,
    log_in,
    press_undo,
    request_as_intruder,
    sign_up_unverified,
    token_for,
)
from tests.accounts.test_access import is_logged_in, reset_password
from tests.eventflow.api.clients import Api, refused, sign_in
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def owner():
    return make_person(email=OLD, language="en")


def change_password(owner):
    browser = Client()
    log_in(browser, OLD)
    fields = {"oldpassword": PASSWORD, "password1": BETTER, "password2": BETTER}
    assert browser.post("/accounts/password/change/", fields).status_code == 302


def reset_own_password(owner):
    reset_password(Client(), owner)


def log_out_everywhere(owner):
    access.log_out_everywhere(owner)


@pytest.mark.parametrize("ended_by", [change_password, reset_own_password, log_out_everywhere])
def test_address_requested_by_an_intruder_is_dropped_by_the_owners_change(owner, ended_by):
    """The intruder requests it, the owner changes something, then the mailed link is used."""
    intruder = request_as_intruder()
    tokens = sign_in(owner)
    link = link_in(letters_to(EVIL)[0], "/activate/")
    ended_by(owner)
    assert not is_logged_in(intruder)
    assert Api(token=tokens["access"]).get("/users/me/").status_code == 401
    refreshed = Api().post("/token/refresh/", {"refresh": tokens["refresh"]})
    assert refused(refreshed) == (401, "token_invalid")
    assert press_undo(link).status_code == 400
    assert Api().get(f"/users/activate/{link.split('/')[2]}/").status_code == 400
    Client().post(RESET, {"email": EVIL})
    assert letters_to(EVIL)[-1].subject == "No EventFlow account with this address"
    owner.refresh_from_db()
    assert (owner.email, EmailAddress.objects.get(user=owner).email) == (OLD, OLD)


def test_activation_link_is_invalid_after_a_new_password(owner):
    """The link is bound to the account's state, not only to a row that is deleted."""
    address = EmailAddress.objects.create(user=owner, email=NEW)
    keys = [signed_links.activation_key(address)]
    assert signed_links.address_from_key(keys[0]) == address
    owner.set_password(BETTER)
    owner.save()
    address.refresh_from_db()
    keys.append(signed_links.activation_key(EmailAddress.objects.get(email=NEW)))
    User.objects.filter(pk=owner.pk).update(access_version=7)
    assert [signed_links.address_from_key(key) for key in keys] == [None, None]


def test_link_stays_valid_while_its_secret_is_a_fallback(owner, settings):
    address = EmailAddress.objects.create(user=owner, email=NEW)
    key, token, old = (
        signed_links.activation_key(address),
        token_for(owner, OLD),
        settings.SECRET_KEY,
    )
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [old]
    assert signed_links.address_from_key(key) == address
    former = signed_links.former_address_from_token(token)
    assert former and (former.person, former.email) == (owner, OLD)
    settings.SECRET_KEY_FALLBACKS = []
    assert signed_links.address_from_key(key) is None
    assert signed_links.former_address_from_token(token) is None


def test_unverified_new_address_gets_no_reset_link(owner):
    request_as_intruder()
    Client().post(RESET, {"email": EVIL})
    assert [letter.subject for letter in letters_to(EVIL)] == [
        "Use your new address with EventFlow",
        "No EventFlow account with this address",
    ]


def test_present_address_is_mailed_when_a_change_is_requested(owner):
    request_as_intruder()
    letter = letters_to(OLD)[0]
    assert letter.subject == "Somebody asked for another address for your EventFlow account"
    assert EVIL in letter.body
    page = Client().get(link_in(letter, "/not-me/"))
    assert page.status_code == 200
    assert all_words(page, "//h1") == ["You did not ask for another address?"]
    assert OLD in page.text


def test_change_that_is_cancelled_in_time_sends_no_mail(owner):
    request_as_intruder()
    EmailAddress.objects.filter(email=EVIL).delete()
    assert letters_to(OLD) == []


def test_change_deletes_an_unverified_sign_up_with_the_new_address(owner):
    request_as_intruder(NEW)
    sign_up_unverified(NEW)
    mine = next(letter for letter in letters_to(NEW) if "new address" in letter.subject)
    assert press_undo(link_in(mine, "/activate/")).status_code == 200
    owner.refresh_from_db()
    assert (owner.email, User.objects.filter(first_name="Mallory").exists()) == (NEW, False)


def test_only_the_newest_requested_address_can_be_verified(owner):
    request_as_intruder("first@example.org")
    first = link_in(letters_to("first@example.org")[0], "/activate/")
    request_as_intruder(NEW)
    assert press_undo(first).status_code == 400
    assert press_undo(link_in(letters_to(NEW)[0], "/activate/")).status_code == 200
