"""The second factor: offered to everybody, required of Admins where the setting says so."""

import json
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from eventflow.core.audit import AuditEntry
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_person,
    make_reservation,
)
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words, only
from tests.support.matching import first_match
from tests.support.page_checks import inline_code_in
from tickets.ticket.links import cancel_url

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def code_for(secret, offset=0):
    """Return the code that the app shows now, or `offset` half minutes later."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + offset))


def add_app_to(person):
    """Give the person an app and recovery codes, as the page does."""
    totp.TOTP.activate(person, SECRET)
    return RecoveryCodes.activate(person).get_unused_codes()


def log_in(browser, person):
    return browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})


def confirm_password(browser):
    """Give the password again, which changes of the account need."""
    return browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def is_logged_in(browser):
    return browser.get(reverse("accounts:settings")).status_code == 200


def set_up_app(browser):
    """Set up an app on the page. Returns the secret that it shows, and the answer to the code."""
    confirm_password(browser)
    page = browser.get(reverse("mfa_activate_totp"))
    secret = first_match(r'class="num secret">(\w+)<', page.text)[1]
    return page, secret, browser.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})


# --- In the browser -------------------------------------------------------------------------------


def test_app_is_set_up_and_required_at_the_next_login(django_capture_on_commit_callbacks):
    person, browser = make_person(language="en"), Client()
    log_in(browser, person)
    with django_capture_on_commit_callbacks(execute=True):
        page, secret, answer = set_up_app(browser)
    assert inline_code_in(page) == []
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    assert "Two-step sign-in is on" in [letter.subject for letter in letters_to(person.email)]

    elsewhere = Client()
    assert log_in(elsewhere, person).url == reverse("mfa_authenticate")
    assert not is_logged_in(elsewhere)
    wrong = elsewhere.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert all_words(wrong, "//p[@id='id_code-error']") == [
        "Error: This code is not right. Use the newest one of your app, or a recovery code."
    ]
    assert not is_logged_in(elsewhere)
    elsewhere.post(reverse("mfa_authenticate"), {"code": code_for(secret, 1)})
    assert is_logged_in(elsewhere)


def test_wrong_code_sets_up_nothing():
    person, browser = make_person(), Client()
    log_in(browser, person)
    confirm_password(browser)
    browser.get(reverse("mfa_activate_totp"))
    assert (
        only(
            browser.post(reverse("mfa_activate_totp"), {"code": "000000"}), "//input[@name='code']"
        ).get("aria-invalid")
        == "true"
    )
    assert not Authenticator.objects.exists()


def test_recovery_code_works_once():
    person = make_person()
    spare, other = add_app_to(person)[:2]
    for attempt, code in enumerate((spare, spare, other)):
        browser = Client()
        log_in(browser, person)
        browser.post(reverse("mfa_authenticate"), {"code": code})
        assert is_logged_in(browser) == (attempt != 1)


@pytest.fixture
def long_codes(settings):
    """A code is right for half a minute before and after its time, longer than allauth's memory."""
    settings.MFA_TOTP_PERIOD, settings.MFA_TOTP_TOLERANCE = 1, 30


def page_accepts(person, code):
    browser = Client()
    log_in(browser, person)
    browser.post(reverse("mfa_authenticate"), {"code": code})
    return is_logged_in(browser)


def request_tokens(person, **fields):
    return Client().post(
        "/api/users/login/",
        {"email": person.email, "password": PASSWORD, **fields},
        content_type="application/json",
    )


def api_accepts(person, code):
    return request_tokens(person, code=code).status_code == 200


def reauthentication_accepts(person, code):
    """Whether a person who is logged in can confirm who they are with this code."""
    browser = Client()
    browser.force_login(User.objects.get(pk=person.pk))
    return browser.post(reverse("mfa_reauthenticate"), {"code": code}).status_code == 302


CODE_DOORS = [page_accepts, api_accepts, reauthentication_accepts]


@pytest.mark.parametrize("first", CODE_DOORS)
def test_code_of_an_app_works_once_for_page_api_and_reauthentication(long_codes, first):
    person = make_person()
    add_app_to(person)
    code = totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time())))
    assert first(person, code)
    time.sleep(1.1)
    spelled = f"{code[:3]} {code[3:]}"
    assert [door(person, spelled) for door in CODE_DOORS] == [False] * 3
    another = totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) + 9))
    assert first(person, another)


def test_code_that_set_up_the_app_does_not_log_in():
    person, browser = make_person(), Client()
    log_in(browser, person)
    confirm_password(browser)
    page = browser.get(reverse("mfa_activate_totp"))
    secret = first_match(r'class="num secret">(\w+)<', page.text)[1]
    code = code_for(secret)
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    assert [door(person, code) for door in CODE_DOORS] == [False] * 3
    assert page_accepts(person, code_for(secret, 1))


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
    mails = " ".join(str(letter.body) for letter in mail.outbox)
    assert not [word for word in (secret, *codes) if word in kept or word in mails]


def test_changes_of_second_factors_are_audited():
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


def test_change_of_a_second_factor_needs_the_password():
    person, browser = make_person(), Client()
    browser.force_login(person)
    for view in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        answer = browser.get(reverse(view))
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (
            302,
            reverse("account_reauthenticate"),
        )


def test_djangos_admin_login_needs_the_second_factor():
    admin = make_admin()
    add_app_to(admin)
    browser = Client()
    browser.post("/admin/login/", {"username": admin.email, "password": PASSWORD}, follow=True)
    assert browser.get("/admin/").status_code == 302
    assert not is_logged_in(browser)


def test_address_can_be_changed_with_a_second_factor():
    person, browser = make_person(), Client()
    add_app_to(person)
    log_in(browser, person)
    browser.post(reverse("mfa_authenticate"), {"code": code_for(SECRET)})
    confirm_password(browser)
    browser.post(reverse("account_email"), {"action_add": "", "email": "new@example.org"})
    assert "new@example.org" in browser.get(reverse("account_email")).text


def test_admin_removes_a_lost_factor_and_sees_no_secret():
    person, browser = make_person("Maja Wiśniewska"), Client()
    add_app_to(person)
    browser.force_login(make_admin())
    app = Authenticator.objects.get(type="totp")
    page = browser.get(reverse("admin:mfa_authenticator_change", args=[app.pk]))
    assert page.status_code == 200
    assert app.data["secret"] not in page.text
    browser.post(reverse("admin:mfa_authenticator_delete", args=[app.pk]), {"post": "yes"})
    assert [*Authenticator.objects.values_list("type", flat=True)] == ["recovery_codes"]
    removal = AuditEntry.objects.get(action="second_factor.remove")
    assert removal.by and (removal.by.role, removal.target_id) == ("admin", person.pk)
    fresh = Client()
    log_in(fresh, person)
    assert is_logged_in(fresh)


def test_old_activation_link_does_not_bypass_the_second_factor():
    """The link stays in a browser; then the address is verified and a second factor is added."""
    first, fields = (
        Client(),
        {"first_name": "A", "last_name": "B", "password1": PASSWORD, "password2": PASSWORD},
    )
    first.post(reverse("account_signup"), {**fields, "email": "new@example.org"})
    link = link_in(letters_to("new@example.org")[0], "/activate/")
    Client().post(link)
    person = User.objects.get(email="new@example.org")
    first.post(link)
    assert not is_logged_in(first), "the link works once"
    add_app_to(person)
    first.post(link)
    assert not is_logged_in(first)


# --- A new key ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fallbacks", "goes_on"), [(["the old one"], True), ([], False)])
def test_new_secret_key_keeps_sessions_and_apps_if_the_old_one_is_a_fallback(
    client, settings, fallbacks, goes_on
):
    settings.SECRET_KEY = "the old one"
    person = make_person()
    add_app_to(person)
    client.force_login(person)
    link = cancel_url(make_reservation())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new one", fallbacks
    assert is_logged_in(client) == goes_on
    assert (client.get(link.removeprefix(settings.SITE_URL)).status_code == 200) == goes_on
    app = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
    assert totp.TOTP(app).validate_code(code_for(SECRET)) == goes_on
