"""What the framework answers itself: in the envelope, in the caller's language, in the log."""

import pytest
from django.test import Client, override_settings
from django.urls import get_resolver, include, path

from eventflow.api import urls as api
from tests.eventflow.api.clients import Api, data, refused
from tests.eventflow.api.endpoints import DOCUMENTS, ENDPOINTS
from tests.support import broken_urls
from tests.support.factories import PASSWORD, make_admin, make_person

pytestmark = pytest.mark.django_db
broken = [p for p in broken_urls.urlpatterns if str(p.pattern) in {"broken/", "away/"}]
urlpatterns = [path("api/", include(broken)), *broken_urls.urlpatterns]
handler500 = broken_urls.handler500


def allowed(view, right):
    """And what comes with them: OPTIONS, and HEAD where a GET changes nothing."""
    return (
        right
        | {"options"}
        | ({"head"} if "get" in right and "head" in view.http_method_names else set())
    )


@pytest.mark.parametrize(("route", "view"), ENDPOINTS)
def test_wrong_methods_are_refused_everywhere(route, view):
    right = {
        method for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)
    }
    api = Api(make_person())
    for method in {"get", "post", "put", "patch", "delete"} - right:
        answer = getattr(api.client, method)(f"/api{route}", headers=api.headers)
        if answer.status_code != 403:  # a role that may not call at all learns that first
            assert refused(answer) == (405, "method_not_allowed")
            assert {*answer["Allow"].lower().split(", ")} == allowed(view, right)


@pytest.mark.parametrize(("route", "view"), ENDPOINTS)
def test_options_tells_the_methods_to_whoever_may_call(route, view):
    right = {
        method for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)
    }
    api = Api(make_admin())
    answer = api.client.options(f"/api{route}", headers=api.headers)
    assert data(answer) is None
    assert {*answer["Allow"].lower().split(", ")} == allowed(view, right)


def test_envelope_is_used_for_unknown_addresses():
    for page in ("/nope/", "/", "/events/x/", "/events/1/nope/"):
        assert refused(Api().get(page)) == (404, "not_found")


def test_address_without_a_slash_redirects(settings):
    answer = Api().post("/login", {"email": "x"})
    assert (answer.status_code, answer["Location"]) == (308, "/api/login/")
    # Also where somebody develops: Django's own raises there.
    settings.DEBUG = True
    assert Api().patch("/events/organizer/1/edit", {"title": "x"}).status_code == 308
    followed = Client().post(
        "/api/login",
        {"email": make_person().email, "password": PASSWORD},
        content_type="application/json",
        follow=True,
    )
    assert data(followed).keys() == {"access", "refresh"}


def test_envelope_is_used_for_an_unknown_host():
    answer = Client().get("/api/events/", headers={"Host": "evil.example"})
    assert refused(answer) == (400, "bad_request")
    assert "evil" not in answer.text


@override_settings(ROOT_URLCONF="tests.eventflow.api.test_envelope")
def test_envelope_of_a_bug_is_a_500_without_details(caplog):
    answer = Api().get("/broken/", headers={"X-Request-ID": "the-callers-own"})
    assert refused(answer) == (500, "server_error")
    assert "ZeroDivision" not in answer.text
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info[0] is ZeroDivisionError
    assert answer["X-Request-ID"] == "the-callers-own"


@override_settings(ROOT_URLCONF="tests.eventflow.api.test_envelope")
def test_envelope_of_an_unreachable_database_is_a_503_with_retry_after():
    answer = Api().get("/away/")
    assert refused(answer) == (503, "unavailable")
    assert answer["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("asked", "speaks", "words"),
    [
        ("en", "en", "Sign in first: this needs a token."),
        ("pl", "pl", "Najpierw się zaloguj: tu potrzebny jest token."),
        ("pl-PL,en;q=0.5", "pl", "Najpierw się zaloguj: tu potrzebny jest token."),
        ("de", "en", "Sign in first: this needs a token."),
        ("*", "en", "Sign in first: this needs a token."),
        ("\x00;;q=x", "en", "Sign in first: this needs a token."),
        ("", "en", "Sign in first: this needs a token."),
    ],
)
def test_refusals_speak_the_language_asked_for(asked, speaks, words):
    answer = Api(language=asked).get("/users/me/")
    assert refused(answer) == (401, "not_authenticated")
    assert (answer.json()["message"], answer["Content-Language"]) == (words, speaks)
    assert "Accept-Language" in answer["Vary"]


def test_neither_the_cookie_nor_the_persons_own_language_decides():
    person = make_person(language="pl")
    browser = Client()
    browser.force_login(person)
    browser.cookies["django_language"] = "pl"
    token = Api(person).headers["Authorization"]
    answer = browser.get(
        "/api/events/999999/", headers={"Authorization": token, "Accept-Language": "en"}
    )
    assert (answer.json()["message"], answer["Content-Language"]) == (
        "There is nothing here.",
        "en",
    )


def test_session_cookie_does_not_authenticate_at_the_api():
    person = make_person()
    browser = Client()
    browser.force_login(person)
    browser.cookies["django_language"] = "pl"
    assert refused(browser.get("/api/users/me/")) == (401, "not_authenticated")
    login = browser.post(
        "/api/login/",
        {"email": person.email, "password": PASSWORD},
        content_type="application/json",
    )
    assert (login.status_code, login.cookies) == (200, {})
    for answer in (
        browser.get("/api/users/me/"),
        browser.get("/api/events/"),
        browser.get("/api/nope/"),
        browser.get("/api/schema/"),
    ):
        assert "Accept-Language" in answer["Vary"]
        assert "Cookie" not in answer["Vary"]
        assert not answer.cookies
        assert answer["Content-Language"] == "en"


def test_envelope_of_a_401_names_the_authentication_scheme():
    for token in ("", "nonsense"):
        assert Api(token=token).get("/users/me/")["WWW-Authenticate"] == "Bearer"


@override_settings(ROOT_URLCONF="tests.eventflow.api.test_envelope")
@pytest.mark.parametrize(
    ("path", "words"), [("/broken/", "Coś się u nas zepsuło"), ("/away/", "Nie możemy teraz")]
)
def test_envelope_of_errors_uses_the_requested_language(path, words):
    assert words in Api(language="pl").get(path).json()["message"]


def test_cache_control_of_every_route_is_private():
    assert Api(make_person()).get("/users/me/")["Cache-Control"] == "private, no-store"


def test_head_answers_like_get_without_a_body():
    answer = Client().head("/api/events/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_endpoints_of_the_tests_are_all_routes():
    assert (
        len(ENDPOINTS)
        == len(api.urlpatterns) - len(DOCUMENTS)
        == len(get_resolver("eventflow.api.urls").url_patterns) - len(DOCUMENTS)
    )
