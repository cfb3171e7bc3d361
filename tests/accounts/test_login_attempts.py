"""Limits on wrong passwords, and the log-ins in the audit log."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import access
from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.jobs import schedule
from tests.accounts.test_second_factor import SECRET, add_app_to, code_for
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db
OWNERS, STRANGERS, OTHERS = "192.0.2.1", "203.0.113.7", "198.51.100.9"
NEW = "quite another password"


def browser_at(address):
    return Client(REMOTE_ADDR=address)


def by_page(browser, email, password=PASSWORD):
    fields = {"login": email, "password": password}
    answer = browser.post("/accounts/login/", fields)
    if answer.status_code == 302:
        return "in"
    return "locked" if "Too many attempts" in answer.text else "wrong"


def by_api(browser, email, password=PASSWORD):
    body = {"email": email, "password": password}
    answer = browser.post("/api/login/", body, content_type="application/json")
    return {200: "in", 401: "wrong", 429: "locked"}[answer.status_code]


CHANNELS = pytest.mark.parametrize("channel", [by_page, by_api])


def guess(address, email, times, channel=by_page):
    return [channel(browser_at(address), email, f"wrong {number}") for number in range(times)]


@CHANNELS
def test_guessing_locks_out_only_its_own_address(channel):
    owner = make_person()
    assert guess(STRANGERS, owner.email, 6, channel) == ["wrong"] * 5 + ["locked"]
    assert by_page(browser_at(STRANGERS), owner.email) == "locked", "one count for both doors"
    assert by_api(browser_at(STRANGERS), owner.email) == "locked"
    for owners_door in (by_page, by_api):
        assert owners_door(browser_at(OWNERS), owner.email) == "in"


def test_lockout_of_an_address_is_for_one_account():
    owner, other = make_person(), make_person()
    guess(STRANGERS, owner.email, 6)
    assert by_page(browser_at(STRANGERS), other.email) == "in"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_forwarding_header_counts_as_the_same_address(header):
    owner = make_person()
    for number in range(5):
        browser = Client(REMOTE_ADDR=STRANGERS, headers={header: f"192.0.2.{number}"})
        by_page(browser, owner.email, "wrong")
    browser = Client(REMOTE_ADDR=STRANGERS, headers={header: "192.0.2.99"})
    assert by_page(browser, owner.email) == "locked"


def test_spelling_of_an_email_counts_as_the_same_account():
    owner = make_person(email="owner@example.org")
    for email in (
        "OWNER@example.org",
        " owner@example.org",
        "Owner@Example.ORG",
        "owner@example.org",
    ):
        by_page(browser_at(STRANGERS), email, "wrong")
    by_api(browser_at(STRANGERS), "oWner@example.org", "wrong")
    assert by_page(browser_at(STRANGERS), owner.email) == "locked"


def lock_account(settings, owner):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {
        "login_failed_account": "6/3600s/key"
    }
    for number in range(6):
        by_page(browser_at(f"203.0.113.{number}"), owner.email, "wrong")


@pytest.fixture
def low_limits(settings):
    """Limits that are reached soon: 2 of an address, 4 of a network, 6 of everybody."""
    rates = {"login_failed": "2/1s/key", "login_failed_line": "4/3600s/key"}
    rates["login_failed_account"] = "6/3600s/key"
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | rates


@CHANNELS
@pytest.mark.parametrize("networks", ["2001:db8:77:{}::1", "2001:db8:77:{}00::1"])
def test_one_connection_cannot_lock_an_account_with_all_its_networks(low_limits, channel, networks):
    """A customer of a provider has up to 65,536 networks of 64 bits."""
    owner = make_person()
    results = [guess(networks.format(number), owner.email, 1, channel)[0] for number in range(1, 9)]
    assert results == ["wrong"] * 4 + ["locked"] * 4
    assert [action for action, *_ in audited_actions()] == ["login.fail"] * 4 + ["login.lock"]
    for owners_door in (by_page, by_api):
        assert owners_door(browser_at("2001:db8:78::1"), owner.email) == "in"


def test_one_ipv4_address_cannot_lock_an_account_over_time(low_limits):
    """The counter of an address is reset after a while, that of its network later."""
    owner, results = make_person(), []
    for _ in range(4):
        results += guess(STRANGERS, owner.email, 2)
        time.sleep(1.1)
    assert results == ["wrong"] * 4 + ["locked"] * 4
    assert by_page(browser_at(OWNERS), owner.email) == "in"


def test_account_lockout_needs_five_connections(settings):
    rates = settings.ACCOUNT_RATE_LIMITS
    everywhere, line = (
        int(rates[f"login_failed_{count}"].split("/")[0]) for count in ("account", "line")
    )
    assert everywhere >= 5 * line


def test_account_lockout_spares_a_known_browser(settings):
    owner, known = make_person(), browser_at(OWNERS)
    assert by_page(known, owner.email) == "in"
    known.post("/accounts/logout/")
    lock_account(settings, owner)
    assert by_page(browser_at(OTHERS), owner.email) == "locked"
    assert by_page(known, owner.email) == "in"


def test_known_browser_is_not_locked_out_by_its_network():
    """Many people share an address, such as that of the place of the event."""
    owner, known = make_person(), browser_at(OWNERS)
    by_page(known, owner.email)
    known.post("/accounts/logout/")
    guess(OWNERS, owner.email, 6)
    assert by_page(known, owner.email) == "in"


def test_known_browser_is_limited_too():
    owner, known = make_person(), browser_at(OWNERS)
    by_page(known, owner.email)
    known.post("/accounts/logout/")
    results = [by_page(known, owner.email, f"wrong {number}") for number in range(11)]
    assert results == ["wrong"] * 10 + ["locked"]


def test_browser_is_unknown_for_another_account_or_password_or_a_forged_cookie(settings):
    owner, other = make_person(), make_person()
    knows_other, forged, old = browser_at(OTHERS), browser_at(OTHERS), browser_at(OTHERS)
    by_page(knows_other, other.email)
    knows_other.post("/accounts/logout/")
    by_page(old, owner.email)
    old.post("/accounts/logout/")
    forged.cookies["known_browser"] = f"{owner.pk}:0123456789abcdef:1abc:sig"
    access.log_out_everywhere(owner)
    lock_account(settings, owner)
    for browser in (knows_other, forged, old):
        assert by_page(browser, owner.email) == "locked"


def test_known_browser_cookie_is_the_same_in_all_browsers():
    owner = make_person()
    values = []
    for _ in range(2):
        browser = browser_at(OWNERS)
        by_page(browser, owner.email)
        cookie = browser.cookies["known_browser"]
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
            "/accounts/",
            True,
            "Lax",
        )
        assert owner.email not in cookie.value
        values.append(cookie.value.split(":")[:2])
    assert values[0] == values[1]


def test_password_reset_ends_the_lockout():
    owner, browser = make_person(), browser_at(STRANGERS)
    guess(STRANGERS, owner.email, 6)
    assert by_page(browser, owner.email) == "locked"
    browser.post("/accounts/password/reset/", {"email": owner.email})
    form = browser.get(link_in(letters_to(owner.email)[0], "/reset/key/")).url
    browser.post(form, {"password1": NEW, "password2": NEW})
    assert by_page(browser, owner.email, NEW) == "in"


def test_password_reset_ends_the_lockout_of_a_connection(low_limits):
    owner = make_person()
    for number in range(5):
        guess(f"2001:db8:77:{number}::1", owner.email, 1)
    browser = browser_at("2001:db8:77:ff::1")
    assert by_page(browser, owner.email) == "locked"
    browser.post("/accounts/password/reset/", {"email": owner.email})
    form = browser.get(link_in(letters_to(owner.email)[0], "/reset/key/")).url
    browser.post(form, {"password1": NEW, "password2": NEW})
    assert by_page(browser, owner.email, NEW) == "in"


def test_right_password_is_not_counted():
    owner = make_person()
    for _ in range(7):
        browser = browser_at(OWNERS)
        assert by_page(browser, owner.email) == "in"


# --- the audit log --------------------------------------------------------------------------------


def audited_actions():
    entries = AuditEntry.objects.order_by("pk").values_list("action", "target_id", "by", "facts")
    return [*entries]


@CHANNELS
def test_login_is_audited(channel):
    owner = make_person()
    channel(browser_at(OWNERS), owner.email)
    facts = {"door": channel.__name__.removeprefix("by_")}
    assert audited_actions() == [("login.success", owner.pk, owner.pk, facts)]


@CHANNELS
def test_failures_and_lockout_are_audited_without_what_was_typed(channel, caplog):
    owner = make_person(email="owner@example.org")
    guess(STRANGERS, owner.email, 8, channel)
    facts = {"door": channel.__name__.removeprefix("by_")}
    failed = [("login.fail", owner.pk, None, facts)] * 5
    assert audited_actions() == [*failed, ("login.lock", owner.pk, None, facts)]
    assert "owner@" not in caplog.text
    assert "wrong 0" not in caplog.text
    assert STRANGERS not in str(audited_actions())


@CHANNELS
def test_failure_for_an_unknown_address_is_audited_as_nobody(channel):
    """Both cases write a row: otherwise one of them would be answered sooner."""
    channel(browser_at(STRANGERS), "nobody@example.org", "wrong")
    assert [(action, target) for action, target, *_ in audited_actions()] == [("login.fail", 0)]


def test_login_with_a_second_factor_is_audited_once():
    owner, browser = make_person(), browser_at(OWNERS)
    add_app_to(owner)
    AuditEntry.objects.all().delete()
    by_page(browser, owner.email)
    assert audited_actions() == []
    browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    browser.post("/accounts/2fa/authenticate/", {"code": code_for(SECRET)})
    browser.post("/accounts/logout/")
    results = [action for action, *_ in audited_actions()]
    assert results == ["second_factor.fail", "login.success", "logout"]


def test_activation_in_the_browser_that_signed_up_is_audited_as_login(client):
    names = {"first_name": "A", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", {"email": "new@example.org", **names})
    client.post(link_in(letters_to("new@example.org")[0], "/activate/"))
    assert [action for action, *_ in audited_actions()] == ["account.activate", "login.success"]
    assert User.objects.get().pk == audited_actions()[1][1]


def test_logins_are_pruned_after_half_a_year_and_other_actions_are_not():
    owner = make_person()
    by_page(browser_at(OWNERS), owner.email)
    by_page(browser_at(OWNERS), owner.email, "wrong")
    access.log_out_everywhere(owner)
    AuditEntry.objects.update(at=timezone.now() - timedelta(days=181))
    by_page(browser_at(OWNERS), owner.email)
    assert schedule.prune()["log-ins"] == 2
    assert [action for action, *_ in audited_actions()] == ["sessions.end", "login.success"]
