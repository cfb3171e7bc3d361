"""Change of the e-mail address: an intruder who requests one gains nothing that lasts."""

from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import access, activation, address_change, signed_links
from accounts.models import FormerAddress, User
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from tests.accounts.test_access import is_logged_in, reset_password
from tests.eventflow.api.clients import Api, refused, sign_in
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words

pytestmark = pytest.mark.django_db
EMAIL, RESET = "/accounts/email/", "/accounts/password/reset/"
OLD, NEW, EVIL = "owner@example.org", "new@example.org", "attacker@evil.example"
BETTER = "a much better password"


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def owner():
    return make_person(email=OLD, language="en")


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


def choose_password(person, password):
    """Set the password with the link that was mailed to the person."""
    person = User.objects.get(pk=person.pk)
    access.reset_password(person, password, key=default_token_generator.make_token(person))


def press_undo(link):
    return Client().post(link)


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
    assert (owner.email, owner.emailaddress_set.get().email) == (OLD, OLD)


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
    assert (former.person, former.email) == (owner, OLD)
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
    kept = [*owner.emailaddress_set.values_list("email", "verified", "primary")]
    assert kept == [(OLD, True, True)]
    for email in (OLD, EVIL):
        assert log_in(Client(), email).status_code == 200, "the password is worth nothing"
    assert AuditEntry.objects.filter(action="address.take_back", target_id=owner.pk).exists()
    letter = letters_to(OLD)[-1]
    assert letter.subject == "Choose a new EventFlow password"
    form = own.get(link_in(letter, "/reset/key/")).url
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
    address_change.undo_address_change(token)
    with pytest.raises(Refused) as caught:
        address_change.restore_address(seen_before)
    assert caught.value.code == "take_back_invalid"


def sign_up_unverified(email):
    fields = {"email": email, "password1": BETTER, "password2": BETTER}
    names = {"first_name": "Mallory", "last_name": "M"}
    assert Client().post("/accounts/signup/", fields | names).status_code == 302
    assert User.objects.filter(email=email).exists()


def test_undo_deletes_an_unverified_sign_up_with_the_old_address(owner):
    request_as_intruder()
    assert press_undo(link_in(letters_to(EVIL)[0], "/activate/")).status_code == 200
    sign_up_unverified(OLD)
    own = next(letter for letter in reversed(letters_to(OLD)) if "/not-me/" in letter.body)
    assert press_undo(link_in(own, "/not-me/")).status_code == 200
    owner.refresh_from_db()
    assert (owner.email, User.objects.filter(first_name="Mallory").exists()) == (OLD, False)


def test_change_deletes_an_unverified_sign_up_with_the_new_address(owner):
    request_as_intruder(NEW)
    sign_up_unverified(NEW)
    mine = next(letter for letter in letters_to(NEW) if "new address" in letter.subject)
    assert press_undo(link_in(mine, "/activate/")).status_code == 200
    owner.refresh_from_db()
    assert (owner.email, User.objects.filter(first_name="Mallory").exists()) == (NEW, False)


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


def token_for(person, email):
    former, _ = FormerAddress.objects.get_or_create(person=person, email=email)
    return signed_links.undo_url(former).rstrip("/").rpartition("/")[2]


def test_only_the_newest_requested_address_can_be_verified(owner):
    request_as_intruder("first@example.org")
    first = link_in(letters_to("first@example.org")[0], "/activate/")
    request_as_intruder(NEW)
    assert press_undo(first).status_code == 400
    assert press_undo(link_in(letters_to(NEW)[0], "/activate/")).status_code == 200
