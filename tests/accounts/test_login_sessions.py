"""The sessions of a person: listed on a page, revoked there, and expired in the end."""

import re
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import access, deletion, login_sessions
from accounts.models import LoginSession, User
from accounts.user_agents import describe_device
from eventflow.core.audit import AuditEntry
from eventflow.jobs import schedule
from eventflow.operations.personal_data.export import sections
from tests.accounts.test_access import change_password, is_logged_in, token_works
from tests.eventflow.api.clients import Api, refused, sign_in
from tests.support.factories import PASSWORD, make_person
from tests.support.markup import all_words

pytestmark = pytest.mark.django_db
PAGE = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def log_in(person, agent=FIREFOX):
    browser = Client(headers={"user-agent": agent})
    browser.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return browser


def listed_devices(browser):
    """Return what each row of the page says, without its times."""
    rows = all_words(browser.get(PAGE), "//main//li")
    return [
        re.sub(r"\s*(Last seen|last seen|Logged in) \d+ \w+ \d+, [\d:]+", "", row) for row in rows
    ]


@pytest.mark.parametrize(
    ("agent", "description"),
    [
        (FIREFOX, "Firefox, Linux"),
        (PHONE, "Safari, iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge, Windows",
        ),
        ("python-requests/2.32", "python-requests"),
        ("", ""),
        ("<script>alert(1)</script>", ""),
        ("x" * 5000, "x" * 41),
    ],
)
def test_device_is_described_in_a_few_words(agent, description):
    assert describe_device(agent) == description


def test_page_distinguishes_browsers_and_programs_and_marks_this_one():
    person, stranger = make_person(), make_person()
    log_in(stranger)
    browser = log_in(person)
    log_in(person, PHONE)
    sign_in(person)
    rows = " | ".join(listed_devices(browser))
    assert len(listed_devices(browser)) == 3
    assert "Firefox, Linux This browser" in rows
    assert "Safari, iPhone" in rows
    assert "Through the API" in rows


def test_revoked_session_is_logged_out_and_others_stay():
    person = make_person()
    here, phone = log_in(person), log_in(person, PHONE)
    pair = sign_in(person)
    row = LoginSession.objects.get(device="Safari, iPhone")
    assert here.post(reverse("accounts:end_session", args=[row.pk])).url == PAGE
    assert (is_logged_in(here), is_logged_in(phone), token_works(pair["access"])) == (
        True,
        False,
        True,
    )
    program = LoginSession.objects.get(is_program=True)
    here.post(reverse("accounts:end_session", args=[program.pk]))
    assert not token_works(pair["access"])
    refreshed = Api().post("/token/refresh/", {"refresh": pair["refresh"]})
    assert refused(refreshed) == (401, "token_invalid")
    assert len(listed_devices(here)) == 1
    assert AuditEntry.objects.filter(action="session.end", by=person).count() == 2


def test_revocation_refuses_another_persons_and_the_current_session():
    person, stranger = make_person(), make_person()
    here, theirs = log_in(person), log_in(stranger)
    for row in LoginSession.objects.all():
        assert here.post(reverse("accounts:end_session", args=[row.pk])).status_code == 404
    assert is_logged_in(here)
    assert is_logged_in(theirs)


def test_all_other_sessions_are_revoked_at_once():
    person = make_person()
    here, phone = log_in(person), log_in(person, PHONE)
    pair = sign_in(person)
    assert here.post(reverse("accounts:end_other_sessions")).url == PAGE
    assert (is_logged_in(here), is_logged_in(phone), token_works(pair["access"])) == (
        True,
        False,
        False,
    )
    assert len(listed_devices(here)) == 1
    assert "This browser" in listed_devices(here)[0]
    assert LoginSession.objects.active().count() == 1


def test_new_password_leaves_one_session():
    person = make_person()
    here, _phone = log_in(person), log_in(person, PHONE)
    change_password(here, person)
    assert len(listed_devices(here)) == 1
    assert "Firefox, Linux This browser" in listed_devices(here)[0]


def test_second_login_without_logout_is_one_session():
    person = make_person()
    browser = Client()
    browser.force_login(person)
    browser.force_login(person)
    assert LoginSession.objects.filter(person=person).count() == 1


def test_session_without_a_row_gets_one():
    person = make_person()
    here = log_in(person)
    LoginSession.objects.all().delete()
    session = here.session
    for name in (login_sessions.ROW_KEY, login_sessions.SEEN_KEY, login_sessions.BEGAN_KEY):
        del session[name]
    session.save()
    assert len(listed_devices(here)) == 1
    assert "This browser" in listed_devices(here)[0]


def test_logout_deletes_the_row():
    person = make_person()
    log_in(person).post("/accounts/logout/")
    assert not LoginSession.objects.exists()


def test_activity_is_saved_every_few_minutes(django_assert_num_queries):
    person = make_person()
    here = log_in(person)
    long_ago = timezone.now() - timedelta(hours=1)
    LoginSession.objects.update(seen=long_ago)
    here.get("/accounts/settings/")
    assert LoginSession.objects.get().seen == long_ago
    session = here.session
    session[login_sessions.SEEN_KEY] = time.time() - login_sessions.ACTIVITY_SECONDS - 1
    session.save()
    here.get("/accounts/settings/")
    assert timezone.now() - LoginSession.objects.get().seen < timedelta(minutes=1)
    with django_assert_num_queries(2):
        here.get("/accounts/settings/")


def test_inactive_browser_is_logged_out(settings):
    here = log_in(make_person())
    left = Session.objects.get(pk=here.session.session_key).expire_date - timezone.now()
    assert timedelta(days=13) < left <= timedelta(seconds=settings.SESSION_COOKIE_AGE)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_logged_in(here)


def make_older(key, seconds):
    """Move the log-in of this session into the past."""
    stored = Session.objects.get(session_key=key)
    store = SessionStore(key)
    kept = stored.get_decoded()
    kept[login_sessions.BEGAN_KEY] -= seconds
    stored.session_data = store.encode(kept)
    stored.save()


def test_login_expires_after_the_longest_time_however_often_used(settings):
    here = log_in(make_person())
    make_older(here.session.session_key, settings.SESSION_MAX_SECONDS - 60)
    assert is_logged_in(here)
    make_older(here.session.session_key, 120)
    assert not is_logged_in(here)


def test_tokens_expire_with_the_login(settings):
    pair = sign_in(make_person())
    key = Session.objects.get().session_key
    make_older(key, settings.SESSION_MAX_SECONDS - 3600)
    refreshed = Api().post("/token/refresh/", {"refresh": pair["refresh"]}).json()["data"]
    make_older(key, 3700)
    answer = Api().post("/token/refresh/", {"refresh": refreshed["refresh"]})
    assert refused(answer) == (401, "token_invalid")
    assert not token_works(refreshed["access"])


def test_new_login_starts_a_new_period(settings):
    person = make_person()
    here = log_in(person)
    make_older(here.session.session_key, settings.SESSION_MAX_SECONDS - 60)
    here.post("/accounts/logout/")
    here.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert time.time() - here.session[login_sessions.BEGAN_KEY] < 60


def test_rows_of_ended_sessions_are_pruned():
    person = make_person()
    log_in(person)
    Session.objects.all().delete()
    assert schedule.prune()["places logged in at"] == 1


def test_sessions_are_in_the_personal_data_and_deleted_with_the_account():
    person = make_person()
    log_in(person)
    [row] = [row for row in sections(person)["logged_in_at"] if isinstance(row, dict)]
    assert (row["device"], row["is_program"]) == ("Firefox, Linux", False)
    assert "192.0.2" not in str(row)
    deletion.delete_account(User.objects.get(pk=person.pk))
    assert not LoginSession.objects.exists()


def test_revoked_access_lists_no_session():
    person = make_person()
    log_in(person)
    access.log_out_everywhere(person)
    assert not login_sessions.active_sessions_of(person).exists()
