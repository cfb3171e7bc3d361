"""The second factor over the API, and where Admins need one."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from tests.accounts.test_second_factor import (
    SECRET,
    add_app_to,
    code_for,
    log_in,
    request_tokens,
    set_up_app,
)
from tests.eventflow.api.clients import Api
from tests.support.factories import (
    make_admin,
    make_organizer,
    make_person,
)
from tests.support.markup import all_words, has_class, only, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


# --- Required of Admins ---------------------------------------------------------------------------


@pytest.fixture
def required(settings):
    settings.ADMINS_NEED_TWO_FACTORS = True


@pytest.mark.parametrize(
    "path", ["/", "/administration/roles/", "/admin/", "/organizer/", "/accounts/settings/"]
)
def test_admin_without_a_factor_is_redirected_from_every_page(client, required, path):
    client.force_login(make_admin())
    assert client.get(path).url == reverse("mfa_index")
    assert client.get(path, headers={"HX-Request": "true"})["HX-Redirect"] == reverse("mfa_index")


def test_admin_without_a_factor_can_set_it_up_log_out_and_change_language(required):
    admin, browser = make_admin(language="en"), Client()
    log_in(browser, admin)
    for _ in range(2):
        page = browser.get("/organizer/", follow=True)
    assert all_words(page, f"//*[{has_class('notice')}]") == [
        "Admins sign in in two steps here. Set up the second one first."
    ]
    assert browser.post(reverse("accounts:set_language"), {"language": "pl"})["Location"] == "/"
    set_up_app(browser)
    assert browser.get("/administration/roles/").status_code == 200
    assert browser.post(reverse("account_logout")).status_code == 302


def test_last_factor_of_an_admin_cannot_be_removed(required):
    admin, browser = make_admin(language="en"), Client()
    log_in(browser, admin)
    set_up_app(browser)
    answer = browser.post(reverse("mfa_deactivate_totp"))
    assert "Admins need a second step here." in words(only(answer, "//*[@role='alert']"))
    assert Authenticator.objects.filter(user=admin, type="totp").exists()


def test_others_need_no_second_factor(client, required):
    client.force_login(make_organizer())
    assert client.get("/organizer/").status_code == 200


def test_admins_need_no_second_factor_without_the_setting(client):
    client.force_login(make_admin())
    assert client.get("/administration/roles/").status_code == 200


# --- Over the API ---------------------------------------------------------------------------------


def test_api_requires_and_accepts_the_code(settings):
    person = make_person()
    spare = add_app_to(person)[0]
    sessions = Session.objects.count()
    answer = request_tokens(person)
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
    answer = request_tokens(person, code="000000")
    assert (answer.status_code, answer.json()["code"], [*answer.json()["errors"]]) == (
        401,
        "second_factor_wrong",
        ["code"],
    )
    assert Session.objects.count() == sessions, "nothing half open stays"
    for code in (code_for(SECRET), spare):
        pair = request_tokens(person, code=code).json()["data"]
        answer = Client().get(
            "/api/my-reservations/", headers={"Authorization": f"Bearer {pair['access']}"}
        )
        assert answer.status_code == 200


def test_api_hides_the_second_factor_without_the_password():
    person = make_person()
    add_app_to(person)
    answer = request_tokens(person, password="something else", code=code_for(SECRET))
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")


def test_code_guessing_is_limited(settings):
    settings.ACCOUNT_RATE_LIMITS = {}
    person = make_person()
    add_app_to(person)
    answer = [request_tokens(person, code="000000").json()["code"] for _ in range(12)]
    assert answer[0] == "second_factor_wrong"
    assert answer[-1] == "too_many_attempts"


def test_admin_without_a_factor_is_refused_by_the_api(required):
    admin = make_admin()
    api = Api(admin)
    answer = api.get("/users/admin/users/")
    assert (answer.status_code, answer.json()["code"]) == (403, "two_factors_required")
    add_app_to(admin)
    token = request_tokens(admin, code=code_for(SECRET)).json()["data"]["access"]
    assert Api(token=token).get("/users/admin/users/").status_code == 200
