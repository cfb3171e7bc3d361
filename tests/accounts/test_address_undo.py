"""Undo of a changed e-mail address by the link in the mail to the old one."""

from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import access, activation, address_change, signed_links
from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from tests.accounts.address_changes import (
    BETTER,
    EVIL,
    NEW,
    OLD,
    log_in,
    press_undo,
    request_address,
    request_as_intruder,
    sign_up_unverified,
    token_for,
)
from tests.accounts.test_access import is_logged_in
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


def choose_password(person, password):
    """Set the password with the link that was mailed to the person."""
    person = User.objects.get(pk=person.pk)
    access.reset_password(person, password, key=default_token_generator.make_token(person))


@pytest.mark.parametrize("done", [False, True], ids=["while it waits", "after the change"])
def test_undo_gives_the_account_back(owner, done):
    intruder = request_as_intruder()
    evil = link_in(letters_to(EVIL)[0], "/activate/")
    if done:
        assert press_undo(evil).status_code == 200
        assert log_in(Client(), EVIL).status_code == 302
    not_me = link_in(letters_to(OLD)[-1], "/not-me/")
    own = Client()
    own.force_login(User.objects.get(pk=owner.pk))
    Client().get(not_me)
    Client().head(not_me)
    assert is_logged_in(intruder), "opening the link changes nothing"
    page = own.post(not_me)
    assert all_words(page, "//h1") == ["Your account is yours again"]
    assert not is_logged_in(own)
    assert not is_logged_in(intruder)
    assert press_undo(evil).status_code == 400
    owner.refresh_from_db()
    assert owner.email == OLD
    kept = [*EmailAddress.objects.filter(user=owner).values_list("email", "verified", "primary")]
    assert kept == [(OLD, True, True)]
    for email in (OLD, EVIL):
        assert log_in(Client(), email).status_code == 200, "the password is worth nothing"
    assert AuditEntry.objects.filter(action="address.take_back", target_id=owner.pk).exists()
    letter = letters_to(OLD)[-1]
    assert letter.subject == "Choose a new EventFlow password"
    form = own.get(link_in(letter, "/reset/key/"))["Location"]
    own.post(form, {"password1": BETTER, "password2": BETTER})
    assert log_in(Client(), OLD, BETTER).status_code == 302


def test_undo_removes_a_second_factor_that_the_intruder_added(owner):
    old = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "mine"})
    Authenticator.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    Authenticator.objects.create(user=owner, type="totp", data={"secret": "x"})
    address_change.undo_address_change(token_for(owner, OLD))
    assert [*Authenticator.objects.all()] == [old]


def test_undo_works_once(owner):
    """A mail that is found later cannot invalidate a password."""
    token = token_for(owner, OLD)
    address_change.undo_address_change(token)
    choose_password(owner, BETTER)
    letters = len(letters_to(OLD))
    with pytest.raises(Refused) as caught:
        address_change.undo_address_change(token)
    assert caught.value.code == "take_back_invalid"
    assert Client().get(f"/accounts/not-me/{token}/").status_code == 400
    assert log_in(Client(), OLD, BETTER).status_code == 302
    assert len(letters_to(OLD)) == letters


def move_account_to(intruder):
    """Give the account the intruder's address, which has a link to undo, too."""
    assert press_undo(link_in(letters_to(EVIL)[0], "/activate/")).status_code == 200
    again = Client()
    log_in(again, EVIL)
    assert request_address(again, "third@evil.example").status_code == 302
    return link_in(letters_to(EVIL)[-1], "/not-me/"), link_in(letters_to(OLD)[-1], "/not-me/")


def test_undo_invalidates_links_of_later_addresses(owner):
    """No link of an address that came with the change works after the owner undid it."""
    evil, own = move_account_to(request_as_intruder())
    assert Client().get(evil).status_code == 200
    assert press_undo(own).status_code == 200
    assert Client().get(evil).status_code == 400
    assert press_undo(evil).status_code == 400
    owner.refresh_from_db()
    assert owner.email == OLD


def test_undo_by_the_owner_wins_over_an_earlier_one_by_the_intruder(owner):
    evil, own = move_account_to(request_as_intruder())
    assert press_undo(evil).status_code == 200
    assert press_undo(own).status_code == 200
    owner.refresh_from_db()
    assert owner.email == OLD


def test_later_change_can_be_undone_too(owner):
    assert press_undo(move_account_to(request_as_intruder())[1]).status_code == 200
    choose_password(owner, PASSWORD)
    request_as_intruder(NEW)
    assert press_undo(link_in(letters_to(NEW)[-1], "/activate/")).status_code == 200
    assert press_undo(link_in(letters_to(OLD)[-1], "/not-me/")).status_code == 200
    owner.refresh_from_db()
    assert owner.email == OLD


def test_undo_is_checked_again_under_the_lock(owner):
    token = token_for(owner, OLD)
    seen_before = signed_links.former_address_from_token(token)
    assert seen_before
    address_change.undo_address_change(token)
    with pytest.raises(Refused) as caught:
        address_change.restore_address(seen_before)
    assert caught.value.code == "take_back_invalid"


def test_undo_deletes_an_unverified_sign_up_with_the_old_address(owner):
    request_as_intruder()
    assert press_undo(link_in(letters_to(EVIL)[0], "/activate/")).status_code == 200
    sign_up_unverified(OLD)
    own = next(letter for letter in reversed(letters_to(OLD)) if "/not-me/" in letter.body)
    assert press_undo(link_in(own, "/not-me/")).status_code == 200
    owner.refresh_from_db()
    assert (owner.email, User.objects.filter(first_name="Mallory").exists()) == (OLD, False)


def test_mails_with_an_undo_link_survive_a_dropped_address(owner):
    """The intruder requests the old address, then another one, before the mails leave."""
    address = EmailAddress.objects.create(user=owner, email=EVIL)
    activation.verify_address(address, by=owner)
    owner.refresh_from_db()
    for email in (OLD, "third@evil.example"):
        address_change.request_address_change(owner, email)
    assert any("/not-me/" in letter.body for letter in letters_to(OLD))


def test_undo_refuses_an_address_that_another_account_has(owner):
    token = token_for(owner, OLD)
    EmailAddress.objects.filter(user=owner).update(email=NEW)
    User.objects.filter(pk=owner.pk).update(email=NEW)
    other = make_person(email=OLD)
    with pytest.raises(Refused) as caught:
        address_change.undo_address_change(token)
    assert caught.value.code == "email_taken"
    owner.refresh_from_db()
    other.refresh_from_db()
    assert (owner.email, other.email) == (NEW, OLD)


@pytest.mark.parametrize("token", ["x", "%00", "gAAAA", "a" * 300])
def test_undo_refuses_a_forged_link(client, owner, token):
    for answer in (
        client.get(f"/accounts/not-me/{token}/"),
        client.post(f"/accounts/not-me/{token}/"),
    ):
        assert answer.status_code == 400
        assert reverse("account_reset_password") in answer.text


def test_undo_refuses_an_expired_link(owner, monkeypatch):
    token = token_for(owner, OLD)
    monkeypatch.setattr(signed_links, "UNDO_PERIOD", timedelta(seconds=-1))
    with pytest.raises(Refused) as caught:
        address_change.undo_address_change(token)
    assert caught.value.code == "take_back_invalid"
