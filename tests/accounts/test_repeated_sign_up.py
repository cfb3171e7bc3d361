"""Repeated sign-ups with one address: the newest counts until the address is verified."""

import threading
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client

from accounts import activation, mail_limits, sign_up, signed_links
from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from tests.eventflow.api.clients import Api, refused
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words, has_class, only
from tests.support.page_checks import without_tokens
from tests.support.threads import run_together

pytestmark = pytest.mark.django_db
VICTIM, ATTACKERS, VICTIMS = "newvic@example.org", "the attacker knows", "the victim chose this"


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def sign_up_by_page(password, browser=None, **names):
    names = {"first_name": "A", "last_name": "B", "language": "en", **names}
    fields = {"email": VICTIM, "password1": password, "password2": password, **names}
    return (browser or Client()).post("/accounts/signup/", fields)


def sign_up_by_api(password, browser=None, **names):
    body = {"email": VICTIM, "password": password, **names}
    return (browser or Client()).post("/api/users/register/", body, content_type="application/json")


def password_works(password):
    pages, api = Client(), Api().post("/login/", {"email": VICTIM, "password": password})
    response = pages.post("/accounts/login/", {"login": VICTIM, "password": password})
    is_logged_in = response.status_code == 302 and response["Location"] == "/"
    assert is_logged_in is (api.status_code == 200)
    return is_logged_in


@pytest.mark.parametrize("first", [sign_up_by_page, sign_up_by_api])
@pytest.mark.parametrize("second", [sign_up_by_page, sign_up_by_api])
def test_newest_sign_up_counts_while_the_address_is_unverified(first, second):
    first(ATTACKERS, first_name="Mallory")
    letters_to(VICTIM)  # the mail holds what is true when it leaves
    second(VICTIMS, first_name="Vic")
    early, late = letters_to(VICTIM)
    assert {letter.subject for letter in (early, late)} == {"Activate your EventFlow account"}
    assert Client().post(link_in(early, "/activate/")).status_code == 400
    assert Client().post(link_in(late, "/activate/")).status_code == 200
    assert (password_works(VICTIMS), password_works(ATTACKERS)) == (True, False)
    person = User.objects.get()
    assert person.first_name == "Vic"


def test_mail_about_an_existing_account_holds_no_activation_link():
    sign_up_by_page(ATTACKERS)
    sign_up_by_page(VICTIMS)
    assert "accounts.account_exists" not in Mail.objects.values_list("builder", flat=True)
    owner = make_person(email="owner@example.org")
    sign_up.notify_owner(owner)
    assert "/activate/" not in letters_to(owner.email)[0].body


def test_identical_sign_up_keeps_the_link_and_sends_no_second_mail():
    for post in (sign_up_by_page, sign_up_by_api, sign_up_by_page):
        assert post(PASSWORD).status_code in {201, 302}
    [letter] = letters_to(VICTIM)
    assert Client().post(link_in(letter, "/activate/")).status_code == 200
    assert password_works(PASSWORD)


WARNING = "Somebody signed up with this address more than once. The newest password counts"


def warns(letter):
    """Whether text and HTML of the mail warn that somebody else may know the password."""
    html = str(letter.alternatives[0].content)
    assert (WARNING in letter.body) is (WARNING in html)
    return WARNING in letter.body


def page_warns(link, browser=None):
    page = (browser or Client()).get(link)
    notes = all_words(page, f"//main//*[{has_class('notice')}]")
    if notes:
        assert only(page, "//main//a").get("href") == "/accounts/password/reset/"
    return [note.startswith(WARNING) for note in notes] == [True]


@pytest.fixture
def no_pause(settings):
    settings.RATE_LIMITS = False


def test_activation_mail_warns_of_replaced_sign_ups(no_pause):
    """So does a resent link, and an older mail that leaves only now: all hold the newest link."""
    sign_up_by_page(VICTIMS)
    sign_up_by_page(ATTACKERS)
    assert [warns(letter) for letter in letters_to(VICTIM)] == [True, True]
    Client().post("/accounts/activation/", {"email": VICTIM})
    assert [warns(letter) for letter in letters_to(VICTIM)] == [True] * 3


def test_activation_mail_of_a_single_sign_up_has_no_warning(no_pause):
    for _ in range(2):
        sign_up_by_page(VICTIMS)
        Client().post("/accounts/activation/", {"email": VICTIM})
    assert [warns(letter) for letter in letters_to(VICTIM)] == [False] * 4


def test_activation_page_warns_all_but_the_newest_browser(no_pause):
    early, late = Client(), Client()
    sign_up_by_page(VICTIMS, early)
    assert not page_warns(link_in(letters_to(VICTIM)[-1], "/activate/"))
    sign_up_by_page(ATTACKERS, late)
    link = link_in(letters_to(VICTIM)[-1], "/activate/")
    assert [page_warns(link, browser) for browser in (None, early, late)] == [True, True, False]


def test_warning_ends_with_the_activation(no_pause):
    sign_up_by_page(ATTACKERS)
    sign_up_by_page(VICTIMS)
    assert User.objects.get().was_signed_up_again
    assert Client().post(link_in(letters_to(VICTIM)[-1], "/activate/")).status_code == 200
    assert not User.objects.get().was_signed_up_again


def test_browser_of_a_replaced_sign_up_is_not_logged_in():
    """Otherwise it would use an account whose password somebody else knows."""
    victims = Client()
    sign_up_by_page(VICTIMS, victims)
    sign_up_by_page(ATTACKERS)
    link = link_in(letters_to(VICTIM)[-1], "/activate/")
    assert victims.post(link).status_code == 200
    assert "_auth_user_id" not in victims.session


def test_browser_of_the_newest_sign_up_is_logged_in():
    victims = Client()
    sign_up_by_page(ATTACKERS)
    sign_up_by_page(VICTIMS, victims)
    assert victims.post(link_in(letters_to(VICTIM)[-1], "/activate/")).status_code == 200
    assert "_auth_user_id" in victims.session


@pytest.mark.both
def test_verified_account_keeps_its_password_and_names():
    owner = make_person("Olga Owner", email=VICTIM)
    for post in (sign_up_by_page, sign_up_by_api):
        post(ATTACKERS, first_name="Mallory")
    owner.refresh_from_db()
    assert owner.first_name == "Olga"
    assert (password_works(PASSWORD), password_works(ATTACKERS)) == (True, False)


def test_password_reset_verifies_the_address():
    sign_up_by_page(ATTACKERS)
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": VICTIM})
    form = browser.get(link_in(letters_to(VICTIM)[-1], "/reset/key/"))["Location"]
    browser.post(form, {"password1": VICTIMS, "password2": VICTIMS})
    assert EmailAddress.objects.get().verified
    assert (password_works(VICTIMS), password_works(ATTACKERS)) == (True, False)
    assert Client().post(link_in(letters_to(VICTIM)[0], "/activate/")).status_code == 400


def test_sign_up_answers_alike_and_hashes_once_in_every_state(monkeypatch):
    make_person(email="proven@example.org")
    make_person(email="waiting@example.org", activated=False)
    hashed, encode = [], MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    pages, bodies = [], []
    for email in ("proven@example.org", "waiting@example.org", "fresh@example.org"):
        browser = Client()
        fields = {"email": email, "password1": VICTIMS, "password2": VICTIMS, "first_name": "A"}
        answer = browser.post("/accounts/signup/", fields)
        assert len(hashed) == 1
        page = without_tokens(browser.get(answer["Location"]).text.replace(email, ""))
        pages.append((answer.status_code, answer["Location"], page))
        hashed.clear()
        answer = Api().post("/users/register/", {"email": email, "password": ATTACKERS})
        assert len(hashed) == 1
        bodies.append((answer.status_code, answer.content.replace(email.encode(), b"")))
        hashed.clear()
    assert pages[0] == pages[1] == pages[2]
    assert bodies[0] == bodies[1] == bodies[2]


def test_replaced_sign_ups_cannot_fill_a_mailbox():
    for number in range(9):
        sign_up_by_api(f"{PASSWORD} {number}")
    assert len(letters_to(VICTIM)) == 1 + mail_limits.MAX_REPLACEMENTS_PER_HOUR
    assert User.objects.get().check_password(f"{PASSWORD} 8"), "the newest counts all the same"


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_sign_up_during_activation_changes_nothing_verified():
    """Either the newer one is first and the older link invalid, or the account is verified."""
    sign_up_by_api(VICTIMS)
    key = link_in(letters_to(VICTIM)[0], "/activate/").split("/")[2]
    gate, statuses = threading.Barrier(2), []

    def race(deed):
        gate.wait()
        statuses.append(deed())
        connection.close()

    def activate():
        return Api().get(f"/users/activate/{key}/").status_code

    deeds = [activate, lambda: sign_up_by_api(ATTACKERS).status_code]
    run_together(partial(race, deed) for deed in deeds)
    assert 201 in statuses
    if EmailAddress.objects.get().verified:
        assert User.objects.get().check_password(VICTIMS) or 400 not in statuses
    assert User.objects.count() == 1


def test_head_request_to_the_api_link_activates_nobody():
    sign_up_by_api(PASSWORD)
    key = link_in(letters_to(VICTIM)[0], "/activate/").split("/")[2]
    assert Client().head(f"/api/users/activate/{key}/").status_code == 405
    assert not EmailAddress.objects.get().verified
    assert refused(Api().get("/users/activate/nonsense/")) == (400, "activation_invalid")
    assert Api().get(f"/users/activate/{key}/").status_code == 200


@pytest.mark.both
def test_activation_link_is_checked_again_under_the_lock(monkeypatch):
    """A sign-up between the check of the link and the lock is not activated."""
    sign_up.sign_up(email=VICTIM, password=VICTIMS, language="en")
    key = signed_links.activation_key(EmailAddress.objects.get(email=VICTIM))
    look, looks = signed_links.address_from_key, []

    def look_then_lose_the_race(key):
        found = look(key)
        looks.append(key)
        if len(looks) == 1:
            sign_up.sign_up(email=VICTIM, password=ATTACKERS, language="en")
        return found

    monkeypatch.setattr(signed_links, "address_from_key", look_then_lose_the_race)
    with pytest.raises(Refused) as caught:
        activation.activate(key)
    assert caught.value.code == "activation_invalid"
    assert not EmailAddress.objects.get(email=VICTIM).verified
