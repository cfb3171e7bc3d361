"""People over the API: log-in, the own data, and the list of an Admin."""

import pytest
from django.test import Client

from accounts import people
from accounts.models import User
from eventflow.core.audit import AuditEntry
from tests.eventflow.api.clients import Api, data, errors, refused, rows, sign_in
from tests.eventflow.api.sign_up_data import person_data
from tests.support.factories import PASSWORD, make_admin, make_organizer, make_person

pytestmark = pytest.mark.django_db
LOGINS = ["/login/", "/token/", "/users/login/"]
REFRESHES = ["/token/refresh/", "/users/refresh/"]


# --- signing in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LOGINS)
def test_login_gives_a_pair_of_tokens_at_every_address(path):
    person = make_person(email="maja@example.org")
    pair = data(Api().post(path, {"email": "MAJA@example.org", "password": PASSWORD}))
    assert pair.keys() == {"access", "refresh"}
    assert data(Api(token=pair["access"]).get("/users/me/"))["id"] == person.pk


def test_login_answers_alike_for_wrong_unknown_blocked_and_not_activated():
    make_person(email="right@example.org")
    make_person(email="new@example.org", activated=False)
    make_person(email="blocked@example.org", is_active=False)
    tries = [
        ("right@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("new@example.org", PASSWORD),
        ("blocked@example.org", PASSWORD),
    ]
    answers = [
        Api().post("/login/", {"email": email, "password": password}) for email, password in tries
    ]
    assert [refused(answer) for answer in answers] == [(401, "wrong_credentials")] * 4
    assert len({answer.content for answer in answers}) == 1
    assert [{*answer.headers} for answer in answers] == [{*answers[0].headers}] * 4


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "x", "password": "y"}, {"email"}),
        ([], {"non_field_errors"}),
    ],
)
def test_login_says_which_field_is_missing(body, fields):
    assert errors(Api().post("/login/", body)).keys() == fields


def test_login_does_not_look_at_an_earlier_token():
    person = make_person(email="maja@example.org")
    old = sign_in(person)
    for token in (old["access"], old["refresh"], "nonsense"):
        data(Api(token=token).post("/login/", {"email": "maja@example.org", "password": PASSWORD}))
    assert data(Api(token=old["access"]).get("/users/me/"))["email"] == "maja@example.org"


def test_api_neither_takes_nor_sets_a_cookie():
    person = make_person()
    browser = Client()
    browser.force_login(person)
    session = browser.cookies["sessionid"].value
    answer = browser.get("/api/users/me/")
    assert refused(answer) == (401, "not_authenticated")
    answer = browser.post(
        "/api/login/",
        {"email": person.email, "password": PASSWORD},
        content_type="application/json",
    )
    assert data(answer).keys() == {"access", "refresh"}
    assert not answer.cookies
    assert browser.cookies["sessionid"].value == session
    assert browser.get("/reservations/").status_code == 200


def test_failed_logins_count_together_with_the_browsers(client):
    person = make_person(email="maja@example.org")
    for _ in range(3):
        client.post("/accounts/login/", {"login": "maja@example.org", "password": "wrong"})
    for _ in range(2):
        assert refused(
            Api().post("/login/", {"email": "maja@example.org", "password": "wrong"})
        ) == (401, "wrong_credentials")
    answer = Api().post("/login/", {"email": "maja@example.org", "password": PASSWORD})
    assert refused(answer) == (429, "too_many_attempts")
    assert int(answer["Retry-After"]) > 0
    page = client.post("/accounts/login/", {"login": "maja@example.org", "password": PASSWORD})
    assert "Too many attempts" in page.text
    assert not Client().get("/reservations/").wsgi_request.user.is_authenticated
    assert person.is_active


# --- who am I, and who are they -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "role", "staff", "organizer"),
    [
        (make_person, "user", False, False),
        (make_organizer, "organizer", False, True),
        (make_admin, "admin", True, True),
    ],
)
def test_me_returns_the_person_of_the_token(make, role, staff, organizer):
    person = make("Maja Wiśniewska", email="maja@example.org")
    me = data(Api(person).get("/users/me/"))
    joined = me.pop("date_joined")
    assert joined[-6] in "+-" or joined.endswith("Z")
    assert me == {
        "id": person.pk,
        "email": "maja@example.org",
        "first_name": "Maja",
        "last_name": "Wiśniewska",
        "is_staff": staff,
        "is_organizer": organizer,
        "role": role,
    }


def test_me_needs_a_token():
    answer = Api().get("/users/me/")
    assert refused(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert refused(Api(token="nonsense").get("/users/me/")) == (401, "token_invalid")


def test_people_are_listed_for_admins_only():
    admin, maja = (
        make_admin(email="anna@example.org"),
        make_person(email="maja@example.org", is_active=False),
    )
    listed = rows(Api(admin).get("/users/admin/users/"))
    assert [row["email"] for row in listed] == ["maja@example.org", "anna@example.org"]
    assert listed[0].keys() == {
        "id",
        "email",
        "first_name",
        "last_name",
        "is_active",
        "is_staff",
        "is_organizer",
        "role",
        "date_joined",
    }
    assert (listed[0]["id"], listed[0]["is_active"], listed[1]["is_staff"]) == (
        maja.pk,
        False,
        True,
    )
    assert [row["id"] for row in rows(Api(admin).get("/users/admin/users/", q="MAJA wiś"))] == [
        maja.pk
    ]
    for other in (Api(make_organizer()), Api(make_person())):
        answer = other.get("/users/admin/users/")
        assert refused(answer) == (403, "forbidden")
        assert "maja@example.org" not in answer.text
    assert refused(Api().get("/users/admin/users/")) == (401, "not_authenticated")


def test_set_organizer_lets_somebody_create_events_and_no_longer():
    admin, maja = Api(make_admin()), make_person()
    for wanted, role in (
        (True, "organizer"),
        (True, "organizer"),
        (False, "user"),
        (False, "user"),
    ):
        changed = data(
            admin.patch(f"/users/admin/users/{maja.pk}/set-organizer/", {"is_organizer": wanted})
        )
        assert (changed["id"], changed["is_organizer"], changed["role"]) == (maja.pk, wanted, role)
    assert AuditEntry.objects.filter(action="role.grant").count() == 2


def test_set_organizer_leaves_an_admin_an_admin():
    admin, other = Api(make_admin()), make_admin()
    path = f"/users/admin/users/{other.pk}/set-organizer/"
    assert data(admin.patch(path, {"is_organizer": True}))["role"] == "admin"
    assert refused(admin.patch(path, {"is_organizer": False})) == (400, "admin_organizes")
    assert User.objects.get(pk=other.pk).role == "admin"


def test_set_organizer_refuses_what_is_no_answer():
    admin, maja = Api(make_admin()), make_person()
    path = f"/users/admin/users/{maja.pk}/set-organizer/"
    assert errors(admin.patch(path, {"is_organizer": "perhaps"})).keys() == {"is_organizer"}
    assert errors(admin.patch(path, {})).keys() == {"is_organizer"}
    assert refused(
        admin.patch(f"/users/admin/users/{10**30}/set-organizer/", {"is_organizer": True})
    ) == (404, "not_found")


def test_role_is_granted_by_admins_only():
    admin, maja = make_admin(), make_person()
    path = f"/users/admin/users/{maja.pk}/role/"
    for other in (Api(make_organizer()), Api(maja)):
        assert refused(other.patch(path, {"role": "admin"})) == (403, "forbidden")
    assert refused(Api().patch(path, {"role": "admin"})) == (401, "not_authenticated")
    assert User.objects.get(pk=maja.pk).role == "user"
    for role in ("organizer", "admin", "user"):
        assert data(Api(admin).patch(path, {"role": role}))["role"] == role
    assert errors(Api(admin).patch(path, {"role": "king"})).keys() == {"role"}


def test_role_keeps_the_last_admin():
    admin = make_admin()
    assert refused(Api(admin).patch(f"/users/admin/users/{admin.pk}/role/", {"role": "user"})) == (
        400,
        "last_admin",
    )
    assert User.objects.get(pk=admin.pk).is_admin


@pytest.mark.parametrize("path", REFRESHES)
def test_refresh_gives_the_next_pair_at_every_address(path):
    pair = sign_in(make_person())
    later = data(Api().post(path, {"refresh": pair["refresh"]}))
    assert later.keys() == {"access", "refresh"}
    assert later["refresh"] != pair["refresh"]
    assert refused(Api().post(path, {"refresh": "nonsense"})) == (401, "token_invalid")
    assert errors(Api().post(path, {})).keys() == {"refresh"}


def test_blocked_person_is_refused_at_once():
    person = make_person()
    pair = sign_in(person)
    people.block_person(person, by=make_admin())
    assert refused(Api(token=pair["access"]).get("/users/me/")) == (401, "token_invalid")
    assert refused(Api().post("/token/refresh/", {"refresh": pair["refresh"]})) == (
        401,
        "token_invalid",
    )


def test_name_that_is_invisible_is_empty_and_of_two_lines_is_refused():
    assert errors(Api().post("/users/register/", person_data(first_name="Maja\nEwa"))).keys() == {
        "first_name"
    }
    data(Api().post("/users/register/", person_data(first_name="\u200b", last_name="\u2060")), 201)
    person = User.objects.get()
    assert (person.first_name, person.last_name, str(person)) == ("", "", person.email)
