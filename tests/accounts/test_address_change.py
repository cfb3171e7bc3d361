"""Another address for an account: an intruder who asks for one gains nothing that lasts."""

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
from tests.accounts.test_access import is_in, reset_password
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


def ask_for(browser, email):
    """The form, and the password once more."""
    response = browser.post(EMAIL, {"email": email, "action_add": ""})
    assert response.url.startswith("/accounts/reauthenticate/")
    return browser.post(response.url, {"password": PASSWORD})


def intrude(email=EVIL):
    """Somebody else who knows the password asks for an address of their own."""
    intruder = Client()
    assert log_in(intruder, OLD).status_code == 302
    assert ask_for(intruder, email).status_code == 302
    return intruder


def choose_password(person, password):
    """With the link that was mailed to them."""
    person = User.objects.get(pk=person.pk)
    access.reset_password(person, password, key=default_token_generator.make_token(person))


def press(link):
    return Client().post(link)


def change_password(owner):
    browser = Client()
    log_in(browser, OLD)
    fields = {"oldpassword": PASSWORD, "password1": BETTER, "password2": BETTER}
    assert browser.post("/accounts/password/change/", fields).status_code == 302


def reset(owner):
    reset_password(Client(), owner)


def end_sessions(owner):
    access.log_out_everywhere(owner)


@pytest.mark.parametrize("ended_by", [change_password, reset, end_sessions])
def test_an_address_asked_for_by_an_intruder_dies_with_the_owners_change(owner, ended_by):
    """Step by step: the intruder asks, the owner changes something, the mailed link is pressed."""
    intruder = intrude()
    tokens = sign_in(owner)
    link = link_in(letters_to(EVIL)[0], "/activate/")
    ended_by(owner)
    assert not is_in(intruder)
    assert Api(token=tokens["access"]).get("/users/me/").status_code == 401
    told = Api().post("/token/refresh/", {"refresh": tokens["refresh"]})
    assert refused(told) == (401, "token_invalid")
    assert press(link).status_code == 400
    assert Api().get(f"/users/activate/{link.split('/')[2]}/").status_code == 400
    Client().post(RESET, {"email": EVIL})
    assert letters_to(EVIL)[-1].subject == "No EventFlow account with this address"
    owner.refresh_from_db()
    assert (owner.email, owner.emailaddress_set.get().email) == (OLD, OLD)


def test_the_link_dies_with_the_password_even_where_the_address_stayed(owner):
    """The link itself is bound to the account's state, not only to a row that is deleted."""
    address = EmailAddress.objects.create(user=owner, email=NEW)
    keys = [signed_links.activation_key(address)]
    assert signed_links.address_from_key(keys[0]) == address
    owner.set_password(BETTER)
    owner.save()
    address.refresh_from_db()
    keys.append(signed_links.activation_key(EmailAddress.objects.get(email=NEW)))
    User.objects.filter(pk=owner.pk).update(access_version=7)
    assert [signed_links.address_from_key(key) for key in keys] == [None, None]


def test_a_link_outlives_a_new_secret_while_the_old_one_is_a_fallback(owner, settings):
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


def test_an_address_that_is_only_asked_for_gets_no_link_to_a_new_password(owner):
    intrude()
    Client().post(RESET, {"email": EVIL})
    assert [letter.subject for letter in letters_to(EVIL)] == [
        "Use your new address with EventFlow",
        "No EventFlow account with this address",
    ]


def test_the_old_address_hears_of_it_when_it_is_asked_for(owner):
    intrude()
    letter = letters_to(OLD)[0]
    assert letter.subject == "Somebody asked for another address for your EventFlow account"
    assert EVIL in letter.body
    page = Client().get(link_in(letter, "/not-me/"))
    assert page.status_code == 200
    assert all_words(page, "//h1") == ["You did not ask for another address?"]
    assert OLD in page.text


def test_nobody_hears_of_a_change_that_was_called_off_before_the_mail_left(owner):
    intrude()
    EmailAddress.objects.filter(email=EVIL).delete()
    assert letters_to(OLD) == []


@pytest.mark.parametrize("done", [False, True], ids=["while it waits", "after the change"])
def test_this_was_not_me_gives_the_account_back(owner, done):
    intruder = intrude()
    evil = link_in(letters_to(EVIL)[0], "/activate/")
    if done:
        assert press(evil).status_code == 200
        assert log_in(Client(), EVIL).status_code == 302
    not_me = link_in(letters_to(OLD)[-1], "/not-me/")
    own = Client()
    own.force_login(User.objects.get(pk=owner.pk))
    Client().get(not_me)
    Client().head(not_me)
    assert is_in(intruder), "opening the link changes nothing"
    page = own.post(not_me)
    assert all_words(page, "//h1") == ["Your account is yours again"]
    assert not is_in(own)
    assert not is_in(intruder)
    assert press(evil).status_code == 400
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


def test_taking_back_removes_a_second_step_that_the_intruder_added(owner):
    old = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "mine"})
    Authenticator.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    Authenticator.objects.create(user=owner, type="totp", data={"secret": "x"})
    address_change.undo_address_change(token_for(owner, OLD))
    assert [*Authenticator.objects.all()] == [old]


def test_taking_back_works_once(owner):
    """Whoever finds the mail later voids no password with it."""
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


def move_away(intruder):
    """The account is at the intruder's address, who has a link there to take it back as well."""
    assert press(link_in(letters_to(EVIL)[0], "/activate/")).status_code == 200
    again = Client()
    log_in(again, EVIL)
    assert ask_for(again, "third@evil.example").status_code == 302
    return link_in(letters_to(EVIL)[-1], "/not-me/"), link_in(letters_to(OLD)[-1], "/not-me/")


def test_the_owners_word_is_the_last(owner):
    """No link of an address that came with the change takes back what the owner took back."""
    evil, own = move_away(intrude())
    assert Client().get(evil).status_code == 200
    assert press(own).status_code == 200
    assert Client().get(evil).status_code == 400
    assert press(evil).status_code == 400
    owner.refresh_from_db()
    assert owner.email == OLD


def test_the_owner_takes_back_what_the_intruder_took_back_first(owner):
    evil, own = move_away(intrude())
    assert press(evil).status_code == 200
    assert press(own).status_code == 200
    owner.refresh_from_db()
    assert owner.email == OLD


def test_a_later_change_can_be_taken_back_as_well(owner):
    assert press(move_away(intrude())[1]).status_code == 200
    choose_password(owner, PASSWORD)
    intrude(NEW)
    assert press(link_in(letters_to(NEW)[-1], "/activate/")).status_code == 200
    assert press(link_in(letters_to(OLD)[-1], "/not-me/")).status_code == 200
    owner.refresh_from_db()
    assert owner.email == OLD


def test_a_take_back_is_judged_under_the_lock(owner):
    token = token_for(owner, OLD)
    seen_before = signed_links.former_address_from_token(token)
    address_change.undo_address_change(token)
    with pytest.raises(Refused) as caught:
        address_change.restore_address(seen_before)
    assert caught.value.code == "take_back_invalid"


def sign_up_with(email):
    fields = {"email": email, "password1": BETTER, "password2": BETTER}
    names = {"first_name": "Mallory", "last_name": "M"}
    assert Client().post("/accounts/signup/", fields | names).status_code == 302
    assert User.objects.filter(email=email).exists()


def test_an_unproven_sign_up_with_the_old_address_gives_way_to_its_owner(owner):
    intrude()
    assert press(link_in(letters_to(EVIL)[0], "/activate/")).status_code == 200
    sign_up_with(OLD)
    own = next(letter for letter in reversed(letters_to(OLD)) if "/not-me/" in letter.body)
    assert press(link_in(own, "/not-me/")).status_code == 200
    owner.refresh_from_db()
    assert (owner.email, User.objects.filter(first_name="Mallory").exists()) == (OLD, False)


def test_an_unproven_sign_up_with_the_new_address_gives_way_to_who_proves_it(owner):
    intrude(NEW)
    sign_up_with(NEW)
    mine = next(letter for letter in letters_to(NEW) if "new address" in letter.subject)
    assert press(link_in(mine, "/activate/")).status_code == 200
    owner.refresh_from_db()
    assert (owner.email, User.objects.filter(first_name="Mallory").exists()) == (NEW, False)


def test_mails_that_hold_the_way_back_are_not_forgotten_with_a_dropped_address(owner):
    """The intruder asks for the old address, then for another one, while the mails still wait."""
    address = EmailAddress.objects.create(user=owner, email=EVIL)
    activation.verify_address(address, by=owner)
    owner.refresh_from_db()
    for email in (OLD, "third@evil.example"):
        address_change.request_address_change(owner, email)
    assert any("/not-me/" in letter.body for letter in letters_to(OLD))


def test_taking_back_gives_nobody_an_address_that_another_account_has_by_now(owner):
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
def test_a_link_that_is_not_ours_gives_nothing_back(client, owner, token):
    for answer in (
        client.get(f"/accounts/not-me/{token}/"),
        client.post(f"/accounts/not-me/{token}/"),
    ):
        assert answer.status_code == 400
        assert reverse("account_reset_password") in answer.text


def test_an_old_link_gives_nothing_back(owner, monkeypatch):
    token = token_for(owner, OLD)
    monkeypatch.setattr(signed_links, "UNDO_PERIOD", timedelta(seconds=-1))
    with pytest.raises(Refused) as caught:
        address_change.undo_address_change(token)
    assert caught.value.code == "take_back_invalid"


def token_for(person, email):
    former, _ = FormerAddress.objects.get_or_create(person=person, email=email)
    return signed_links.undo_url(former).rstrip("/").rpartition("/")[2]


def test_only_the_newest_address_can_become_theirs(owner):
    intrude("first@example.org")
    first = link_in(letters_to("first@example.org")[0], "/activate/")
    intrude(NEW)
    assert press(first).status_code == 400
    assert press(link_in(letters_to(NEW)[0], "/activate/")).status_code == 200
