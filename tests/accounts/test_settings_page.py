"""The settings page, and the language of pages."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.support.factories import make_person

pytestmark = pytest.mark.django_db
SETTINGS, SWITCH = "/accounts/settings/", "/i18n/setlang/"


@pytest.fixture(autouse=True)
def in_english():
    """The language that a request activates stays with its thread."""
    with translation.override("en"):
        yield


def test_settings_save_names_and_language(client):
    person = make_person()
    client.force_login(person)
    response = client.post(
        SETTINGS,
        {
            "first_name": "Hanna",
            "last_name": "Brzęczyszczykiewicz",
            "language": "pl",
            "role": "admin",
        },
    )
    assert response.url == SETTINGS
    person.refresh_from_db()
    assert (person.first_name, person.last_name, person.language, person.role) == (
        "Hanna",
        "Brzęczyszczykiewicz",
        "pl",
        "user",
    )


def test_background_copy_leaves_the_toast_to_the_visible_page(client):
    client.force_login(make_person())
    client.post(SETTINGS, {"first_name": "Hanna", "last_name": "", "language": "en"})
    assert "Saved." not in client.get(SETTINGS, headers={"X-Keeps-Copy": "true"}).text
    assert "Saved." in client.get(SETTINGS).text


def test_settings_refuse_invalid_values_and_change_nothing(client):
    person = make_person("Maja Wiśniewska")
    client.force_login(person)
    page = client.post(SETTINGS, {"first_name": "x" * 151, "last_name": "", "language": "tlh"})
    assert {*page.context["form"].errors} == {"first_name", "language"}
    person.refresh_from_db()
    assert (person.first_name, person.language) == ("Maja", "en")


def test_pages_of_logged_in_people_are_not_cached(client):
    assert "Cache-Control" not in client.get("/accounts/password/reset/")
    client.force_login(make_person())
    assert client.get(SETTINGS)["Cache-Control"] == "private, no-store"


def test_settings_need_a_login(client):
    assert client.get(SETTINGS).url == f"/accounts/login/?next={SETTINGS}"


@pytest.mark.parametrize(
    ("wanted", "spoken"), [("pl,en;q=0.5", "pl"), ("en", "en"), ("de", "en"), ("", "en")]
)
def test_visitors_get_the_language_of_their_browser(client, wanted, spoken):
    page = client.get("/accounts/login/", headers={"accept-language": wanted})
    assert page["Content-Language"] == spoken
    assert f'<html lang="{spoken}"' in page.text
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in page["Vary"].split(",")}


def test_language_choice_is_remembered_on_the_device(client):
    response = client.post(SWITCH, {"language": "pl", "next": "/accounts/login/?a=1"})
    assert response.url == "/accounts/login/?a=1"
    assert (
        client.get("/accounts/login/", headers={"accept-language": "en"})["Content-Language"]
        == "pl"
    )


def test_language_choice_is_saved_with_the_person(client):
    person = make_person()
    client.force_login(person)
    client.post(SWITCH, {"language": "pl", "next": "/"})
    person.refresh_from_db()
    assert person.language == "pl"
    elsewhere = Client(headers={"accept-language": "en"})
    elsewhere.force_login(person)
    assert elsewhere.get(SETTINGS)["Content-Language"] == "pl"
    elsewhere.logout()
    assert elsewhere.get("/accounts/login/")["Content-Language"] == "en"


def test_language_choice_accepts_our_languages_only(client):
    person = make_person()
    client.force_login(person)
    client.post(SWITCH, {"language": "de", "next": "/"})
    person.refresh_from_db()
    assert person.language == "en"
    assert client.get(SETTINGS)["Content-Language"] == "en"


def test_language_choice_leads_to_no_other_site_and_needs_post(client):
    assert client.post(SWITCH, {"language": "pl", "next": "https://evil.example/"}).url == "/"
    assert client.get(SWITCH, {"language": "pl"}).status_code == 405


def test_theme_of_the_cookie_is_rendered_and_nothing_else(client):
    client.cookies["theme"] = "dark"
    assert ' data-theme="dark"' in client.get("/accounts/login/").text
    client.cookies["theme"] = '"><script>'
    assert "data-theme=" not in client.get(reverse("account_login")).text.partition("</head>")[0]


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 302), ("http://testserver", 302), ("https://elsewhere.example", 403), ("null", 403)],
)
def test_language_choice_is_refused_from_other_sites(origin, status):
    person = make_person(language="en")
    client = Client(enforce_csrf_checks=True, headers={"Origin": origin} if origin else {})
    client.force_login(person)
    assert client.post(SWITCH, {"language": "pl"}).status_code == status
    person.refresh_from_db()
    assert person.language == ("pl" if status == 302 else "en")
