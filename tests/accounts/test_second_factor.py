"""Two-step sign-in: offered to everybody, required of Admins where the setting says so, in the browser and over the API."""

import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from eventflow.core.audit import AuditEntry
from tests.eventflow.api.clients import Api
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words, has_class, only, words
from tests.support.page_checks import inline_in
from tickets.ticket.links import leave_url

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def code_of(secret, offset=0):
    """What the app shows now; `offset` steps of half a minute later."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + offset))


def protect(person):
    """Give the person an app and recovery codes, as the page does."""
    totp.TOTP.activate(person, SECRET)
    return RecoveryCodes.activate(person).get_unused_codes()


def log_in(browser, person):
    return browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})


def say_again(browser):
    """The password once more, which changes of the account need."""
    return browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def is_in(browser):
    return browser.get(reverse("accounts:settings")).status_code == 200


def set_up_app(browser):
    """From the page: the secret that it shows, and the answer to the code."""
    say_again(browser)
    page = browser.get(reverse("mfa_activate_totp"))
    secret = re.search(r'class="num secret">(\w+)<', page.text)[1]
    return page, secret, browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})


# --- In the browser ---------------------------------------------------------------------------------------------------


def test_an_app_is_set_up_and_asked_for_at_the_next_log_in(django_capture_on_commit_callbacks):
    person, browser = make_person(language="en"), Client()
    log_in(browser, person)
    with django_capture_on_commit_callbacks(execute=True):
        page, secret, answer = set_up_app(browser)
    assert inline_in(page) == []
    assert answer.url == reverse("mfa_view_recovery_codes")
    assert "Two-step sign-in is on" in [letter.subject for letter in letters_to(person.email)]

    elsewhere = Client()
    assert log_in(elsewhere, person).url == reverse("mfa_authenticate")
    assert not is_in(elsewhere)
    wrong = elsewhere.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert all_words(wrong, "//p[@id='id_code-error']") == [
        "Error: This code is not right. Use the newest one of your app, or a recovery code."
    ]
    assert not is_in(elsewhere)
    elsewhere.post(reverse("mfa_authenticate"), {"code": code_of(secret, 1)})
    assert is_in(elsewhere)


def test_a_wrong_code_sets_nothing_up():
    person, browser = make_person(), Client()
    log_in(browser, person)
    say_again(browser)
    browser.get(reverse("mfa_activate_totp"))
    assert (
        only(
            browser.post(reverse("mfa_activate_totp"), {"code": "000000"}), "//input[@name='code']"
        ).get("aria-invalid")
        == "true"
    )
    assert not Authenticator.objects.exists()


def test_a_recovery_code_opens_once():
    person = make_person()
    spare, other = protect(person)[:2]
    for attempt, code in enumerate((spare, spare, other)):
        browser = Client()
        log_in(browser, person)
        browser.post(reverse("mfa_authenticate"), {"code": code})
        assert is_in(browser) == (attempt != 1)


@pytest.fixture
def long_codes(settings):
    """A code is right for half a minute before and after its second; allauth remembers a used one for a second."""
    settings.MFA_TOTP_PERIOD, settings.MFA_TOTP_TOLERANCE = 1, 30


def opens_page(person, code):
    browser = Client()
    log_in(browser, person)
    browser.post(reverse("mfa_authenticate"), {"code": code})
    return is_in(browser)


def opens_api(person, code):
    return ask_tokens(person, code=code).status_code == 200


def confirms_person(person, code):
    """The code once more, by somebody who is logged in."""
    browser = Client()
    browser.force_login(User.objects.get(pk=person.pk))
    return browser.post(reverse("mfa_reauthenticate"), {"code": code}).status_code == 302


CODE_DOORS = [opens_page, opens_api, confirms_person]


@pytest.mark.parametrize("first", CODE_DOORS)
def test_code_of_an_app_works_once_at_all_doors(long_codes, first):
    person = make_person()
    protect(person)
    code = totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time())))
    assert first(person, code)
    time.sleep(1.1)
    spelled = f"{code[:3]} {code[3:]}"
    assert [door(person, spelled) for door in CODE_DOORS] == [False] * 3
    another = totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) + 9))
    assert first(person, another)


def test_code_that_set_the_app_up_opens_nothing():
    person, browser = make_person(), Client()
    log_in(browser, person)
    say_again(browser)
    page = browser.get(reverse("mfa_activate_totp"))
    secret = re.search(r'class="num secret">(\w+)<', page.text)[1]
    code = code_of(secret)
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code})
    assert answer.url == reverse("mfa_view_recovery_codes")
    assert [door(person, code) for door in CODE_DOORS] == [False] * 3
    assert opens_page(person, code_of(secret, 1))


def test_secrets_are_not_readable_in_the_database_nor_in_mails():
    person, browser = make_person(), Client()
    log_in(browser, person)
    _page, secret, _answer = set_up_app(browser)
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    kept = json.dumps(
        [
            *Authenticator.objects.values_list("data", flat=True),
            *AuditEntry.objects.values_list("facts", flat=True),
        ]
    )
    letters_to(person.email)
    said = " ".join(letter.body for letter in mail.outbox)
    assert not [word for word in (secret, *codes) if word in kept or word in said]


def test_what_happens_to_second_steps_is_in_the_audit_log():
    person, browser = make_person(), Client()
    log_in(browser, person)
    set_up_app(browser)
    browser.post(reverse("mfa_deactivate_totp"))
    entries = (
        AuditEntry.objects.filter(action__startswith="second_factor")
        .order_by("pk")
        .values_list("action", "facts")
    )
    assert [*entries] == [
        ("second_factor.add", {"kind": "totp"}),
        ("second_factor.add", {"kind": "recovery_codes"}),
        ("second_factor.remove", {"kind": "totp"}),
        ("second_factor.remove", {"kind": "recovery_codes"}),
    ]


def test_changing_a_second_step_asks_who_it_is():
    person, browser = make_person(), Client()
    browser.force_login(person)
    for view in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        answer = browser.get(reverse(view))
        assert (answer.status_code, answer.url.partition("?")[0]) == (
            302,
            reverse("account_reauthenticate"),
        )


def test_djangos_admin_is_no_way_round():
    admin = make_admin()
    protect(admin)
    browser = Client()
    browser.post("/admin/login/", {"username": admin.email, "password": PASSWORD}, follow=True)
    assert browser.get("/admin/").status_code == 302
    assert not is_in(browser)


def test_the_address_can_still_be_changed_with_a_second_step():
    person, browser = make_person(), Client()
    protect(person)
    log_in(browser, person)
    browser.post(reverse("mfa_authenticate"), {"code": code_of(SECRET)})
    say_again(browser)
    browser.post(reverse("account_email"), {"action_add": "", "email": "new@example.org"})
    assert "new@example.org" in browser.get(reverse("account_email")).text


def test_an_admin_takes_a_lost_step_away_and_sees_no_secret():
    person, browser = make_person("Maja Wiśniewska"), Client()
    protect(person)
    browser.force_login(make_admin())
    app = Authenticator.objects.get(type="totp")
    page = browser.get(reverse("admin:mfa_authenticator_change", args=[app.pk]))
    assert page.status_code == 200
    assert app.data["secret"] not in page.text
    browser.post(reverse("admin:mfa_authenticator_delete", args=[app.pk]), {"post": "yes"})
    assert [*Authenticator.objects.values_list("type", flat=True)] == ["recovery_codes"]
    removal = AuditEntry.objects.get(action="second_factor.remove")
    assert (removal.by.role, removal.target_id) == ("admin", person.pk)
    fresh = Client()
    log_in(fresh, person)
    assert is_in(fresh)


def test_an_old_activation_link_is_no_way_round():
    """The browser that signed up keeps the link; the address is proven elsewhere, a second step added, the password changed."""
    first, fields = (
        Client(),
        {"first_name": "A", "last_name": "B", "password1": PASSWORD, "password2": PASSWORD},
    )
    first.post(reverse("account_signup"), {**fields, "email": "new@example.org"})
    link = link_in(letters_to("new@example.org")[0], "/activate/")
    Client().post(link)
    person = User.objects.get(email="new@example.org")
    first.post(link)
    assert not is_in(first), "the link works once"
    protect(person)
    first.post(link)
    assert not is_in(first)


# --- Required of Admins -----------------------------------------------------------------------------------------------


@pytest.fixture
def required(settings):
    settings.ADMINS_NEED_TWO_FACTORS = True


@pytest.mark.parametrize(
    "path", ["/", "/administration/roles/", "/admin/", "/organizer/", "/accounts/settings/"]
)
def test_an_admin_without_a_second_step_is_led_to_it_from_everywhere(client, required, path):
    client.force_login(make_admin())
    assert client.get(path).url == reverse("mfa_index")
    assert client.get(path, headers={"HX-Request": "true"})["HX-Redirect"] == reverse("mfa_index")


def test_an_admin_without_a_second_step_can_set_it_up_log_out_and_read_in_polish(required):
    admin, browser = make_admin(language="en"), Client()
    log_in(browser, admin)
    for _ in range(2):
        page = browser.get("/organizer/", follow=True)
    assert all_words(page, f"//*[{has_class('notice')}]") == [
        "Admins sign in in two steps here. Set up the second one first."
    ]
    assert browser.post(reverse("accounts:set_language"), {"language": "pl"}).url == "/"
    set_up_app(browser)
    assert browser.get("/administration/roles/").status_code == 200
    assert browser.post(reverse("account_logout")).status_code == 302


def test_the_last_second_step_of_an_admin_stays(required):
    admin, browser = make_admin(language="en"), Client()
    log_in(browser, admin)
    set_up_app(browser)
    answer = browser.post(reverse("mfa_deactivate_totp"))
    assert "Admins need a second step here." in words(only(answer, "//*[@role='alert']"))
    assert Authenticator.objects.filter(user=admin, type="totp").exists()


def test_others_need_none(client, required):
    client.force_login(make_organizer())
    assert client.get("/organizer/").status_code == 200


def test_without_the_setting_admins_need_none(client):
    client.force_login(make_admin())
    assert client.get("/administration/roles/").status_code == 200


# --- Over the API -----------------------------------------------------------------------------------------------------


def ask_tokens(person, **fields):
    return Client().post(
        "/api/users/login/",
        {"email": person.email, "password": PASSWORD, **fields},
        content_type="application/json",
    )


def test_the_api_asks_for_the_code_and_takes_it(settings):
    person = make_person()
    spare = protect(person)[0]
    sessions = Session.objects.count()
    told = ask_tokens(person)
    assert (told.status_code, told.json()["code"]) == (401, "second_factor_required")
    told = ask_tokens(person, code="000000")
    assert (told.status_code, told.json()["code"], [*told.json()["errors"]]) == (
        401,
        "second_factor_wrong",
        ["code"],
    )
    assert Session.objects.count() == sessions, "nothing half open stays"
    for code in (code_of(SECRET), spare):
        pair = ask_tokens(person, code=code).json()["data"]
        answer = Client().get(
            "/api/my-reservations/", headers={"Authorization": f"Bearer {pair['access']}"}
        )
        assert answer.status_code == 200


def test_the_api_says_nothing_of_a_second_step_to_who_has_not_the_password():
    person = make_person()
    protect(person)
    told = ask_tokens(person, password="something else", code=code_of(SECRET))
    assert (told.status_code, told.json()["code"]) == (401, "wrong_credentials")


def test_guessing_codes_is_limited(settings):
    settings.ACCOUNT_RATE_LIMITS = {}
    person = make_person()
    protect(person)
    told = [ask_tokens(person, code="000000").json()["code"] for _ in range(12)]
    assert told[0] == "second_factor_wrong"
    assert told[-1] == "too_many_attempts"


def test_an_admin_without_a_second_step_gets_nothing_over_the_api(required):
    admin = make_admin()
    api = Api(admin)
    told = api.get("/users/admin/users/")
    assert (told.status_code, told.json()["code"]) == (403, "two_factors_required")
    protect(admin)
    token = ask_tokens(admin, code=code_of(SECRET)).json()["data"]["access"]
    assert Api(token=token).get("/users/admin/users/").status_code == 200


# --- A new key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fallbacks", "goes_on"), [(["the old one"], True), ([], False)])
def test_new_secret_key_leaves_people_in_and_apps_readable_if_it_knows_the_old_one(
    client, settings, fallbacks, goes_on
):
    settings.SECRET_KEY = "the old one"
    person = make_person()
    protect(person)
    client.force_login(person)
    link = leave_url(make_reservation())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new one", fallbacks
    assert is_in(client) == goes_on
    assert (client.get(link.removeprefix(settings.SITE_URL)).status_code == 200) == goes_on
    app = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
    assert totp.TOTP(app).validate_code(code_of(SECRET)) == goes_on
