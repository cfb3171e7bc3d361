"""No hash, PDF or mail runs within a transaction: SQLite has one write lock.

Three strangers who hashed in one made everybody else wait 17 seconds for a write.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from eventflow.mail import services as outbox
from eventflow.mail.models import Mail
from events.models import Event
from tests.support.factories import PASSWORD, make_admin, make_event, make_person, make_reservation
from tests.support.slow_calls import SlowCalls
from tickets.queue import decisions
from tickets.ticket import pdf

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "seven quiet rivers"


@pytest.fixture(autouse=True)
def seen(settings):
    """What ran. Passwords of people that the test makes are hashed before it is asked."""
    settings.PASSWORD_HASHERS = ["tests.support.slow_calls.RecordingHasher"]
    settings.MAILERS = {"default": {"BACKEND": "tests.support.slow_calls.RecordingMailer"}}
    SlowCalls.reset()
    yield SlowCalls
    SlowCalls.may_continue.set()


def as_json(path, body, **headers):
    return Client().post(
        path, body, content_type="application/json", headers={"Idempotency-Key": "k", **headers}
    )


def log_in(path, person):
    return as_json(path, {"email": person.email, "password": PASSWORD})


def page(path, person, **fields):
    """A POST of this page by somebody who is logged in."""
    client = Client()
    client.force_login(person)
    return client.post(path, fields)


def reset(person):
    client, key = Client(), default_token_generator.make_token(person)
    form = client.get(
        reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    )
    return client.post(form["Location"], {"password1": NEW, "password2": NEW})


REGISTRATION = {"email": "maja@example.org", "password": NEW}
SIGN_UP = {
    "email": "maja@example.org",
    "password1": NEW,
    "password2": NEW,
    "first_name": "Maja",
    "last_name": "W",
}
# Every way by which somebody's password reaches a hash, with the status that says it went through.
HASHING = {
    "API log-in": (lambda person: log_in("/api/login/", person), 200),
    "API log-in, second address": (lambda person: log_in("/api/token/", person), 200),
    "API log-in, third address": (lambda person: log_in("/api/users/login/", person), 200),
    "API log-in of nobody": (
        lambda person: as_json("/api/login/", {"email": "x@example.org", "password": "x"}),
        401,
    ),
    "API registration": (lambda person: as_json("/api/users/register/", REGISTRATION), 201),
    "API registration of a known address": (
        lambda person: as_json("/api/users/register/", REGISTRATION | {"email": person.email}),
        201,
    ),
    "log-in": (
        lambda person: Client().post(
            "/accounts/login/", {"login": person.email, "password": PASSWORD}
        ),
        302,
    ),
    "sign-up": (lambda person: Client().post("/accounts/signup/", SIGN_UP), 302),
    "password change": (
        lambda person: page(
            "/accounts/password/change/", person, oldpassword=PASSWORD, password1=NEW, password2=NEW
        ),
        302,
    ),
    "password reset": (reset, 302),
    "password once more": (
        lambda person: page("/accounts/reauthenticate/", person, password=PASSWORD),
        302,
    ),
    "person added by an Admin": (
        lambda person: page(
            "/admin/accounts/user/add/",
            make_admin(),
            email="new@example.org",
            first_name="N",
            last_name="N",
            language="en",
            password=NEW,
        ),
        302,
    ),
}


@pytest.mark.parametrize("way", HASHING)
def test_password_is_hashed_outside_of_a_transaction(seen, way):
    person = make_person()
    act, status = HASHING[way]
    before = len(seen.ran_in_transaction)
    answer = act(person)
    assert answer.status_code == status, answer.content
    assert len(seen.ran_in_transaction) > before
    assert not any(seen.ran_in_transaction)


def test_first_admin_is_made_outside_of_a_transaction(seen, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    call_command("createsuperuser", interactive=False, email="first@example.org", verbosity=0)
    assert User.objects.get().is_admin
    assert seen.ran_in_transaction == [False]


@pytest.mark.both
def test_ticket_is_drawn_and_mailed_outside_of_a_transaction(seen, monkeypatch):
    event = make_event()
    guest = make_reservation(event)
    draw = pdf.render
    monkeypatch.setattr(pdf, "render", lambda ticket: (seen.note(), draw(ticket))[1])
    decisions.confirm(guest, by=event.organizer)
    seen.reset()
    for mail in Mail.objects.all():
        outbox.deliver(mail.pk)
    drawn_for_mail = len(seen.ran_in_transaction)
    assert drawn_for_mail >= 2
    assert page_of_ticket(guest).status_code == 200
    assert len(seen.ran_in_transaction) == drawn_for_mail + 1
    assert not any(seen.ran_in_transaction)


def page_of_ticket(reservation):
    client = Client()
    client.force_login(reservation.person)
    return client.get(f"/reservations/{reservation.pk}/ticket.pdf")


@pytest.mark.both
def test_password_checks_of_visitors_delay_no_write(seen):
    """All three are stopped within the hash, and a write succeeds meanwhile."""
    event = make_event()
    ways = ["/api/users/register/", "/api/login/", "/api/users/register/"]

    def stranger(number):
        try:
            body = {"email": f"stranger-{number}@example.org", "password": NEW}
            return (
                Client()
                .post(
                    ways[number],
                    body,
                    content_type="application/json",
                    headers={"Idempotency-Key": f"k{number}"},
                )
                .status_code
            )
        finally:
            connection.close()

    seen.reset()
    SlowCalls.may_continue = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(stranger, number) for number in range(3)]
        try:
            assert all(seen.hashing.acquire(timeout=60) for _ in answers)
            Event.objects.filter(pk=event.pk).update(title="Written meanwhile")
        finally:
            SlowCalls.may_continue.set()
        assert [answer.result(60) for answer in answers] == [201, 401, 201]
    assert Event.objects.get(pk=event.pk).title == "Written meanwhile"
