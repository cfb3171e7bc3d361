"""What the framework answers itself: in the envelope, in the caller's language, in the log."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, include, path

from eventflow.api import urls as api
from tests.eventflow.api.clients import Api, data, errors, refused
from tests.support import broken_urls
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
urlpatterns = [
    path(
        "api/",
        include([*(p for p in broken_urls.urlpatterns if str(p.pattern) in {"broken/", "away/"})]),
    ),
    *broken_urls.urlpatterns,
]
handler500 = broken_urls.handler500


def fields(**changes):
    """What a new event needs."""
    start, end = "2030-06-01T18:00:00+02:00", "2030-06-01T22:00:00+02:00"
    return {
        "title": "Night Print",
        "location": "Ruska 46c",
        "start_time": start,
        "end_time": end,
        "seats_limit": 50,
    } | changes


def routes():
    """Every address of the API, with something in the place of its parameters."""
    for pattern in api.urlpatterns:
        assert isinstance(pattern, URLPattern)
        yield (
            "/"
            + str(pattern.pattern)
            .replace("<int:pk>", "1")
            .replace("<path:ref>", "1")
            .replace("<str:token>", "x"),
            pattern,
        )


DOCUMENTS = ["/schema/", "/schema/swagger-ui/", "/schema/redoc/", "/docs/", "/redoc/"]
ENDPOINTS = [
    (route, pattern.callback.view_class) for route, pattern in routes() if route not in DOCUMENTS
]


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


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b"{'a': 1}", b"NaN", b"[" * 5000])
def test_body_of_bad_json_is_refused(body):
    answer = Client().post("/api/login/", body, content_type="application/json")
    assert refused(answer) in {(400, "malformed"), (400, "invalid")}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "nonsense"])
def test_body_of_another_media_type_is_refused(kind):
    assert refused(Client().post("/api/login/", b"a=b", content_type=kind)) == (
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"email":['])
def test_body_nested_too_deep_is_refused(opening):
    answer = Client().post("/api/login/", opening * 90_000, content_type="application/json")
    assert refused(answer) == (400, "malformed")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", ""])
def test_body_may_begin_with_a_byte_order_mark(charset):
    person = make_person()
    body = json.dumps({"email": person.email, "password": PASSWORD}).encode("utf-8-sig")
    kind = f"application/json; charset={charset}" if charset else "application/json"
    assert data(Client().post("/api/login/", body, content_type=kind)).keys() == {
        "access",
        "refresh",
    }


@pytest.mark.parametrize("charset", ["rot13", "idna", "utf-16", "hex", "nonsense"])
def test_body_in_an_unknown_charset_is_refused(charset):
    for kind in (
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        answer = Client().generic(
            "POST", "/api/login/", b'{"email": "x"}', f"{kind}; charset={charset}"
        )
        assert refused(answer)[0] == 400


def test_half_a_character_is_refused_without_being_repeated():
    reservation = make_reservation()
    answer = Api(reservation.event.organizer).patch(
        f"/reservations/{reservation.pk}/status/", {"status": "\ud800"}
    )
    assert refused(answer) == (400, "invalid")


def test_body_as_a_form_equals_json():
    organizer = make_organizer()
    said = {"email": organizer.email, "password": PASSWORD}
    for address in ("/api/login/", "/api/token/", "/api/users/login/"):
        assert data(Client().post(address, urlencode(said), content_type=FORM)).keys() == {
            "access",
            "refresh",
        }
        assert data(Client().post(address, said)).keys() == {
            "access",
            "refresh",
        }  # multipart/form-data
    pair = data(Client().post("/api/login/", said))
    assert (
        data(Client().post("/api/token/refresh/", {"refresh": pair["refresh"]})).keys()
        == pair.keys()
    )
    token = {"Authorization": f"Bearer {pair['access']}"}
    draft = data(
        Client().post("/api/events/organizer/events/create/", fields(), headers=token), 201
    )
    edit = f"/api/events/organizer/{draft['id']}/edit/"
    changed = data(
        Client().patch(edit, "title=Day+Print&seats_limit=7", content_type=FORM, headers=token)
    )
    assert (changed["title"], changed["seats_limit"], changed["location"]) == (
        "Day Print",
        7,
        draft["location"],
    )
    reservation = make_reservation(make_event(organizer=organizer))
    status = f"/api/reservations/{reservation.pk}/status/"
    assert data(Client().patch(status, "status=confirmed", content_type=FORM, headers=token)) == {
        "status": "confirmed"
    }


def test_body_as_a_form_has_no_value_for_an_unsent_flag():
    other, admin = make_organizer(), Api(make_admin())
    path = f"/api/users/admin/users/{other.pk}/set-organizer/"
    answer = admin.client.patch(path, "x=1", content_type=FORM, headers=admin.headers)
    assert errors(answer).keys() == {"is_organizer"}


def test_message_is_that_of_the_only_wrong_field():
    short = Api().post("/users/register/", {"email": "new@example.org", "password": "short"})
    assert refused(short) == (400, "invalid")
    assert short.json()["message"] == " ".join(errors(short)["password"])
    both = Api().post(
        "/users/register/", {"email": "x", "password": "short", "first_name": "x" * 151}
    )
    assert both.json()["message"] == "Some of this is not right. Each field says what."


def test_fields_that_nobody_reads_are_named():
    api = Api(make_organizer())
    unknown = {"colour": "red", "id": 7, "naïve\r\nSet-Cookie": 1, "\ud800": 1, "x" * 90: 1}
    answer = api.post("/events/organizer/events/create/", fields() | unknown)
    data(answer, 201)
    named = "colour, id, na%C3%AFve%0D%0ASet-Cookie, " + "x" * 50 + ", %3F"
    assert answer["X-Ignored-Fields"] == named
    assert "X-Ignored-Fields" not in api.post("/events/organizer/events/create/", fields())
    many = api.post(
        "/events/organizer/events/create/", fields() | {f"field{n}": 1 for n in range(500)}
    )
    assert len(many["X-Ignored-Fields"].split(", ")) == 20


def test_body_without_a_use_is_named_and_not_refused():
    event = make_event()
    answer = Api(make_person()).post(f"/events/{event.pk}/register/", {"answers": {}})
    data(answer, 201)
    assert answer["X-Ignored-Fields"] == "answers"
    for body, kind in (
        (b"{", "application/json"),
        (b"[" * 90_000, "application/json"),
        (b"x", "text/plain"),
    ):
        other = Api(make_person())
        data(
            other.client.post(
                f"/api/events/{event.pk}/register/", body, content_type=kind, headers=other.headers
            ),
            201,
        )


def test_put_changes_an_event_as_older_clients_do():
    event = make_event(description="Kept")
    path = f"/events/organizer/{event.pk}/edit/"
    said = {
        name: fields()[name]
        for name in ("title", "location", "start_time", "end_time", "seats_limit")
    }
    changed = data(Api(event.organizer).put(path, said))
    assert (changed["title"], changed["description"]) == (said["title"], "Kept")
    assert errors(Api(event.organizer).put(path, {"title": "x"})).keys() == said.keys() - {"title"}


def test_body_that_is_too_large_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert refused(Api().post("/login/", {"email": "x" * 1000})) == (413, "too_large")


def test_envelope_is_used_for_an_unknown_host():
    answer = Client().get("/api/events/", headers={"Host": "evil.example"})
    assert refused(answer) == (400, "bad_request")
    assert "evil" not in answer.text


@override_settings(ROOT_URLCONF="tests.eventflow.api.test_envelope")
def test_envelope_of_a_bug_is_a_500_without_details(caplog):
    answer = Api(**{"X-Request-ID": "the-callers-own"}).get("/broken/")
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
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        assert Api(**headers).get("/users/me/")["WWW-Authenticate"] == "Bearer"


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
