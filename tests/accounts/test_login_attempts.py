"""Wrong passwords: who is slowed down by whose, and what the audit log says of sign-ins."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import access
from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.jobs import schedule
from tests.accounts.test_second_factor import SECRET, code_of, protect
from tests.support.factories import PASSWORD, make_person
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db
OWNERS, STRANGERS, OTHERS = "192.0.2.1", "203.0.113.7", "198.51.100.9"
NEW = "quite another password"


def from_address(address):
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


DOORS = pytest.mark.parametrize("door", [by_page, by_api])


def guess(address, email, times, door=by_page):
    return [door(from_address(address), email, f"wrong {number}") for number in range(times)]


@DOORS
def test_a_stranger_who_guesses_locks_only_their_own_address_out(door):
    owner = make_person()
    assert guess(STRANGERS, owner.email, 6, door) == ["wrong"] * 5 + ["locked"]
    assert by_page(from_address(STRANGERS), owner.email) == "locked", "one count for both doors"
    assert by_api(from_address(STRANGERS), owner.email) == "locked"
    for owners_door in (by_page, by_api):
        assert owners_door(from_address(OWNERS), owner.email) == "in"


def test_the_lock_of_an_address_is_for_one_account():
    owner, other = make_person(), make_person()
    guess(STRANGERS, owner.email, 6)
    assert by_page(from_address(STRANGERS), other.email) == "in"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_a_header_makes_no_new_address(header):
    owner = make_person()
    for number in range(5):
        browser = Client(REMOTE_ADDR=STRANGERS, headers={header: f"192.0.2.{number}"})
        by_page(browser, owner.email, "wrong")
    browser = Client(REMOTE_ADDR=STRANGERS, headers={header: "192.0.2.99"})
    assert by_page(browser, owner.email) == "locked"


def test_the_spelling_of_an_address_makes_no_new_account():
    owner = make_person(email="owner@example.org")
    for email in (
        "OWNER@example.org",
        " owner@example.org",
        "Owner@Example.ORG",
        "owner@example.org",
    ):
        by_page(from_address(STRANGERS), email, "wrong")
    by_api(from_address(STRANGERS), "oWner@example.org", "wrong")
    assert by_page(from_address(STRANGERS), owner.email) == "locked"


def lock_everywhere(settings, owner):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {
        "login_failed_account": "6/3600s/key"
    }
    for number in range(6):
        by_page(from_address(f"203.0.113.{number}"), owner.email, "wrong")


@pytest.fixture
def few(settings):
    """Numbers that are soon reached: 2 in a second, 4 of a line, 6 from everywhere."""
    rates = {"login_failed": "2/1s/key", "login_failed_line": "4/3600s/key"}
    rates["login_failed_account"] = "6/3600s/key"
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | rates


@DOORS
@pytest.mark.parametrize("networks", ["2001:db8:77:{}::1", "2001:db8:77:{}00::1"])
def test_one_line_locks_nobody_out_with_all_its_networks(few, door, networks):
    """A customer has up to 65,536 networks of 64 bits."""
    owner = make_person()
    told = [guess(networks.format(number), owner.email, 1, door)[0] for number in range(1, 9)]
    assert told == ["wrong"] * 4 + ["locked"] * 4
    assert [action for action, *_ in actions()] == ["login.fail"] * 4 + ["login.lock"]
    for owners_door in (by_page, by_api):
        assert owners_door(from_address("2001:db8:78::1"), owner.email) == "in"


def test_one_ipv4_address_locks_nobody_out_with_patience(few):
    """The count of a network address begins anew after a while, that of its line later."""
    owner, told = make_person(), []
    for _ in range(4):
        told += guess(STRANGERS, owner.email, 2)
        time.sleep(1.1)
    assert told == ["wrong"] * 4 + ["locked"] * 4
    assert by_page(from_address(OWNERS), owner.email) == "in"


def test_an_account_is_locked_by_five_lines_at_least(settings):
    rates = settings.ACCOUNT_RATE_LIMITS
    everywhere, line = (
        int(rates[f"login_failed_{count}"].split("/")[0]) for count in ("account", "line")
    )
    assert everywhere >= 5 * line


def test_guessing_from_everywhere_is_stopped_but_not_for_a_browser_that_knows_the_account(settings):
    owner, known = make_person(), from_address(OWNERS)
    assert by_page(known, owner.email) == "in"
    known.post("/accounts/logout/")
    lock_everywhere(settings, owner)
    assert by_page(from_address(OTHERS), owner.email) == "locked"
    assert by_page(known, owner.email) == "in"


def test_a_browser_that_knows_the_account_is_not_locked_out_by_its_own_network():
    """The same address, such as the network of the place where the event is."""
    owner, known = make_person(), from_address(OWNERS)
    by_page(known, owner.email)
    known.post("/accounts/logout/")
    guess(OWNERS, owner.email, 6)
    assert by_page(known, owner.email) == "in"


def test_a_browser_that_knows_the_account_guesses_no_longer_than_others():
    owner, known = make_person(), from_address(OWNERS)
    by_page(known, owner.email)
    known.post("/accounts/logout/")
    told = [by_page(known, owner.email, f"wrong {number}") for number in range(11)]
    assert told == ["wrong"] * 10 + ["locked"]


def test_another_account_or_password_or_a_forged_cookie_is_not_known(settings):
    owner, other = make_person(), make_person()
    knows_other, forged, old = from_address(OTHERS), from_address(OTHERS), from_address(OTHERS)
    by_page(knows_other, other.email)
    knows_other.post("/accounts/logout/")
    by_page(old, owner.email)
    old.post("/accounts/logout/")
    forged.cookies["known_browser"] = f"{owner.pk}:0123456789abcdef:1abc:sig"
    access.log_out_everywhere(owner)
    lock_everywhere(settings, owner)
    for browser in (knows_other, forged, old):
        assert by_page(browser, owner.email) == "locked"


def test_the_cookie_tells_no_browser_from_another():
    owner = make_person()
    values = []
    for _ in range(2):
        browser = from_address(OWNERS)
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


def test_a_new_password_by_mail_ends_the_lock():
    owner, browser = make_person(), from_address(STRANGERS)
    guess(STRANGERS, owner.email, 6)
    assert by_page(browser, owner.email) == "locked"
    browser.post("/accounts/password/reset/", {"email": owner.email})
    form = browser.get(link_in(letters_to(owner.email)[0], "/reset/key/")).url
    browser.post(form, {"password1": NEW, "password2": NEW})
    assert by_page(browser, owner.email, NEW) == "in"


def test_a_new_password_by_mail_ends_the_lock_of_a_line(few):
    owner = make_person()
    for number in range(5):
        guess(f"2001:db8:77:{number}::1", owner.email, 1)
    browser = from_address("2001:db8:77:ff::1")
    assert by_page(browser, owner.email) == "locked"
    browser.post("/accounts/password/reset/", {"email": owner.email})
    form = browser.get(link_in(letters_to(owner.email)[0], "/reset/key/")).url
    browser.post(form, {"password1": NEW, "password2": NEW})
    assert by_page(browser, owner.email, NEW) == "in"


def test_the_right_password_is_not_counted():
    owner = make_person()
    for _ in range(7):
        browser = from_address(OWNERS)
        assert by_page(browser, owner.email) == "in"


# --- the audit log ----------------------------------------------------------------------------------------------------


def actions():
    entries = AuditEntry.objects.order_by("pk").values_list("action", "target_id", "by", "facts")
    return [*entries]


@DOORS
def test_a_log_in_is_written_down(door):
    owner = make_person()
    door(from_address(OWNERS), owner.email)
    told = {"door": door.__name__.removeprefix("by_")}
    assert actions() == [("login.success", owner.pk, owner.pk, told)]


@DOORS
def test_failures_and_the_lock_are_written_down_without_a_word_of_what_was_sent(door, caplog):
    owner = make_person(email="owner@example.org")
    guess(STRANGERS, owner.email, 8, door)
    told = {"door": door.__name__.removeprefix("by_")}
    failed = [("login.fail", owner.pk, None, told)] * 5
    assert actions() == [*failed, ("login.lock", owner.pk, None, told)]
    assert "owner@" not in caplog.text
    assert "wrong 0" not in caplog.text
    assert STRANGERS not in str(actions())


@DOORS
def test_an_address_that_nobody_has_is_written_down_as_nobody(door):
    """Both cases write a row: one that writes none would be answered sooner."""
    door(from_address(STRANGERS), "nobody@example.org", "wrong")
    assert [(action, target) for action, target, *_ in actions()] == [("login.fail", 0)]


def test_a_log_in_in_two_steps_is_written_down_once_it_is_done():
    owner, browser = make_person(), from_address(OWNERS)
    protect(owner)
    AuditEntry.objects.all().delete()
    by_page(browser, owner.email)
    assert actions() == []
    browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    browser.post("/accounts/2fa/authenticate/", {"code": code_of(SECRET)})
    browser.post("/accounts/logout/")
    told = [action for action, *_ in actions()]
    assert told == ["second_factor.fail", "login.success", "logout"]


def test_activation_in_the_browser_that_signed_up_is_a_log_in(client):
    names = {"first_name": "A", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", {"email": "new@example.org", **names})
    client.post(link_in(letters_to("new@example.org")[0], "/activate/"))
    assert [action for action, *_ in actions()] == ["account.activate", "login.success"]
    assert User.objects.get().pk == actions()[1][1]


def test_log_ins_are_forgotten_after_half_a_year_and_other_deeds_are_not():
    owner = make_person()
    by_page(from_address(OWNERS), owner.email)
    by_page(from_address(OWNERS), owner.email, "wrong")
    access.log_out_everywhere(owner)
    AuditEntry.objects.update(at=timezone.now() - timedelta(days=181))
    by_page(from_address(OWNERS), owner.email)
    assert schedule.prune()["log-ins"] == 2
    assert [action for action, *_ in actions()] == ["sessions.end", "login.success"]
