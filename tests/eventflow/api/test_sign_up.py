"""Sign-up and activation over the API."""

import time

import pytest
from allauth.account.models import EmailAddress
from django.core import signing

from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from tests.eventflow.api.clients import Api, data, errors, refused, sign_in
from tests.eventflow.api.sign_up_data import activation_token, person_data
from tests.support.factories import PASSWORD, make_person

pytestmark = pytest.mark.django_db


def test_register_makes_a_person_and_mails_the_link():
    answer = Api().post("/users/register/", person_data(first_name="Maja", last_name="Wiśniewska"))
    assert data(answer, 201) == {"user_id": None, "email": "maja@example.org"}
    person = User.objects.get()
    assert (person.first_name, person.last_name, person.role, person.language) == (
        "Maja",
        "Wiśniewska",
        "user",
        "en",
    )
    assert person.check_password(PASSWORD)
    assert [*Mail.objects.values_list("builder", "to")] == [
        ("accounts.activation", "maja@example.org")
    ]


def test_register_needs_no_names_and_ignores_what_it_does_not_know():
    data(Api(language="pl").post("/users/register/", person_data(role="admin", is_staff=True)), 201)
    person = User.objects.get()
    assert (person.first_name, person.last_name, person.role, person.language) == (
        "",
        "",
        "user",
        "pl",
    )


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"email": "maja"}, {"email"}),
        ({"email": None}, {"email"}),
        ({"email": ["maja@example.org"]}, {"email"}),
        ({"email": f"{'m' * 250}@example.org"}, {"email"}),
        ({"password": "short"}, {"password"}),
        ({"password": "password123"}, {"password"}),
        ({"password": "Wiśniewska", "last_name": "Wiśniewska"}, {"password"}),
        ({"password": ""}, {"password"}),
        ({"first_name": "M" * 151}, {"first_name"}),
        ({"last_name": "\x00"}, {"last_name"}),
        ({"last_name": "\ud800"}, {"last_name"}),
        ({"email": "", "password": ""}, {"email", "password"}),
    ],
)
def test_register_refuses_bad_data_field_by_field(changes, fields):
    assert errors(Api().post("/users/register/", person_data(**changes))).keys() == fields
    assert not User.objects.exists()


def test_register_with_a_taken_address_answers_alike_and_tells_only_its_owner():
    make_person("Olga Owner", email="maja@example.org")
    taken, free = (
        Api().post("/users/register/", person_data(email=email))
        for email in ("Maja@example.org", "free@example.org")
    )
    assert taken.status_code == free.status_code == 201
    assert taken.json() == free.json() | {"data": {"user_id": None, "email": "maja@example.org"}}
    # What differs between any two answers: a number, and what the clock says.
    own = dict.fromkeys(
        ["X-Request-ID", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Content-Length"], ""
    )
    assert {**taken.headers, **own} == {**free.headers, **own}
    assert User.objects.filter(email="maja@example.org").count() == 1
    assert sorted(Mail.objects.values_list("builder", "to")) == [
        ("accounts.account_exists", "maja@example.org"),
        ("accounts.activation", "free@example.org"),
    ]


def test_register_shares_the_limit_of_the_page(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
    client.post("/accounts/signup/", {"email": "page@example.org"})
    data(Api().post("/users/register/", person_data()), 201)
    answer = Api().post("/users/register/", person_data(email="other@example.org"))
    assert refused(answer) == (429, "too_many_attempts")
    assert int(answer["Retry-After"]) > 0
    assert [*User.objects.values_list("email", flat=True)] == ["maja@example.org"]


def test_activate_proves_the_address_once_and_for_all():
    Api().post("/users/register/", person_data())
    token = activation_token()
    first, again = (Api().get(f"/users/activate/{token}/") for _ in range(2))
    assert data(first) == data(again) == {"email": "maja@example.org"}
    assert (first.json()["message"], again.json()["message"]) == (
        "Your account is active. Sign in.",
        "This account is already active.",
    )
    assert EmailAddress.objects.get().verified
    assert AuditEntry.objects.filter(action="account.activate").count() == 1
    assert sign_in(User.objects.get())["access"]


def test_activate_refuses_a_forged_or_expired_token(monkeypatch):
    Api().post("/users/register/", person_data())
    token = activation_token()
    for bad in ("nonsense", token[:-1] + "!", signing.dumps(1, salt="another"), "%00", "ż"):
        assert refused(Api().get(f"/users/activate/{bad}/")) == (400, "activation_invalid")
    in_four_days = time.time() + 4 * 86400
    monkeypatch.setattr("time.time", lambda: in_four_days)
    assert refused(Api().get(f"/users/activate/{token}/")) == (400, "activation_invalid")
    assert not EmailAddress.objects.get().verified
