"""Deletion of an account: the page, the access that ends, and who is refused."""

import json
import uuid
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

from accounts import deletion, sign_up
from accounts.models import User
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from events import services as events
from events.models import DoorStaff, Event
from tests.accounts.deletions import ADDRESS, NAME, status_and_ticket
from tests.eventflow.api.clients import Api, refused, sign_in
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.full_dataset import move_times
from tickets.messages import announcements

pytestmark = pytest.mark.django_db
PAGE, REAUTHENTICATE, SETTINGS = (
    "/accounts/settings/delete/",
    "/accounts/reauthenticate/",
    "/accounts/settings/",
)


@pytest.fixture
def person_to_delete():
    return make_person(NAME, email=ADDRESS)


def press_delete(client, password=PASSWORD):
    """Press the red button and give the password. Returns the answer to the password."""
    asked = client.post(PAGE)
    assert asked.url.startswith(REAUTHENTICATE)
    return client.post(asked.url, {"password": password})


def database_rows():
    """Return every row of every table as text, with the decoded data of sessions."""
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values():
            yield f"{model.__name__} {row}"
    for session in Session.objects.all():
        yield f"Session {json.dumps(session.get_decoded())}"


# --- The page -------------------------------------------------------------------------------------


def test_deletion_page_changes_nothing_when_opened(client, person_to_delete):
    client.force_login(person_to_delete)
    before = [*database_rows()]
    page = client.get(PAGE)
    assert page.status_code == 200
    assert ADDRESS in page.text
    assert [*database_rows()] == before


def test_deletion_takes_one_press_and_the_password(client, person_to_delete):
    client.force_login(person_to_delete)
    gone = press_delete(client)
    assert gone.url == "/"
    assert "Your account is deleted." in client.get("/").text
    person_to_delete.refresh_from_db()
    assert (person_to_delete.email, person_to_delete.first_name, person_to_delete.last_name) == (
        f"deleted-{person_to_delete.pk}@deleted.invalid",
        "",
        "",
    )
    assert (
        person_to_delete.is_active,
        person_to_delete.has_usable_password(),
        person_to_delete.last_login,
    ) == (False, False, None)


def test_deletion_without_the_password_changes_nothing(client, person_to_delete):
    client.force_login(person_to_delete)
    assert press_delete(client, "a wrong password").status_code == 200
    assert client.get(SETTINGS).status_code == 200
    assert User.objects.get(pk=person_to_delete.pk).email == ADDRESS
    assert not AuditEntry.objects.filter(action="account.delete").exists()


def test_deletion_ignores_a_password_given_for_another_page(client, person_to_delete):
    client.force_login(person_to_delete)
    client.post(PAGE)
    client.post(f"{REAUTHENTICATE}?next={SETTINGS}", {"password": PASSWORD})
    assert client.get(SETTINGS).status_code == 200
    assert User.objects.get(pk=person_to_delete.pk).email == ADDRESS


def test_deletion_refuses_a_form_of_another_site(person_to_delete):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person_to_delete)
    assert client.post(PAGE).status_code == 403
    assert User.objects.get(pk=person_to_delete.pk).email == ADDRESS


@pytest.mark.both
def test_deletion_leaves_other_accounts_alone(client, person_to_delete):
    others = [make_person(NAME, email="another@example.org"), make_admin()]
    client.force_login(person_to_delete)
    press_delete(client)
    assert [User.objects.get(pk=other.pk).email for other in others] == [
        other.email for other in others
    ]
    assert all(EmailAddress.objects.filter(user=other, verified=True).exists() for other in others)


# --- Access is revoked ----------------------------------------------------------------------------


@pytest.mark.both
def test_deletion_revokes_browsers_tokens_and_password_at_once(client, person_to_delete):
    elsewhere, other, tokens = Client(), Client(), sign_in(person_to_delete)
    elsewhere.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD})
    other.force_login(make_person())
    assert [browser.get(SETTINGS).status_code for browser in (elsewhere, other)] == [200, 200]
    assert Api(token=tokens["access"]).get("/users/me/").status_code == 200
    client.force_login(person_to_delete)
    press_delete(client)
    assert [browser.get(SETTINGS).status_code for browser in (client, elsewhere, other)] == [
        302,
        302,
        200,
    ]
    assert refused(Api(token=tokens["access"]).get("/users/me/"))[0] == 401
    assert refused(Api().post("/token/refresh/", {"refresh": tokens["refresh"]})) == (
        401,
        "token_invalid",
    )
    assert refused(Api().post("/login/", {"email": ADDRESS, "password": PASSWORD})) == (
        401,
        "wrong_credentials",
    )
    with pytest.raises(Session.DoesNotExist):
        Session.objects.get(session_key=elsewhere.cookies["sessionid"].value)


@pytest.mark.both
def test_deleted_address_is_free_for_a_new_account(client, person_to_delete):
    deletion.delete_account(person_to_delete)
    again = sign_up.sign_up(email=ADDRESS, password=PASSWORD, language="pl", first_name="Kunegunda")
    assert again is not None and again.pk != person_to_delete.pk
    assert (
        client.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD}).url
        == "/accounts/confirm-email/"
    )


def test_sign_up_refuses_the_placeholder_address_of_a_deleted_account(person_to_delete):
    with pytest.raises(Refused) as refusal:
        sign_up.sign_up(
            email=f"Deleted-{person_to_delete.pk}@deleted.invalid", password=PASSWORD, language="en"
        )
    assert refusal.value.code == "address_nowhere"
    deletion.delete_account(person_to_delete)
    assert User.objects.filter(email__contains="deleted").count() == 1


# --- Refusals -------------------------------------------------------------------------------------


def test_deletion_is_refused_to_an_organizer_of_an_upcoming_event(client):
    organizer = make_organizer(NAME, email=ADDRESS)
    event, draft = (
        make_event(organizer=organizer, title="Night Print"),
        make_event(organizer=organizer, status="draft"),
    )
    seat = make_reservation(make_event(), organizer, status="confirmed")
    client.force_login(organizer)
    refusal = press_delete(client)
    assert refusal.status_code == 409
    assert 'data-code="organizes_events"' in refusal.text
    assert "You organize “Night Print”, which is not over." in refusal.text
    assert status_and_ticket(seat) == ("confirmed", True)
    assert Event.objects.filter(pk=draft.pk).exists()
    assert client.get(SETTINGS).status_code == 200
    events.cancel(event, by=organizer)
    assert client.post(PAGE).url == "/"  # the password was given just now
    assert User.objects.get(pk=organizer.pk).is_deleted


@pytest.mark.both
def test_deletion_of_an_organizer_keeps_past_events_and_deletes_drafts(client):
    organizer, admin = make_organizer(NAME), make_admin()
    over, called_off, draft = (make_event(organizer=organizer) for _ in range(3))
    guest = make_reservation(over, status="confirmed")
    announcements.send(
        over,
        audience="all",
        subject="Parking",
        body="Behind the hall.",
        key=uuid.uuid4(),
        by=organizer,
    )
    helper = events.add_door_staff(over, email="helper@example.org", by=organizer)
    move_times(over, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    events.cancel(called_off, by=organizer)
    Event.objects.filter(pk=draft.pk).update(status="draft")
    deletion.delete_account(organizer)
    assert [*Event.objects.order_by("pk")] == [over, called_off]
    assert Event.objects.get(pk=over.pk).organizer_name == "Deleted account"
    assert "Deleted account" in client.get(over.get_absolute_url()).text
    assert DoorStaff.objects.filter(pk=helper.pk).exists()
    client.force_login(admin)
    assert client.get(f"/organizer/events/{over.pk}/queue/?state=all").status_code == 200
    assert status_and_ticket(guest) == ("confirmed", True)
    call_command("check_invariants")


@pytest.mark.both
def test_deletion_is_refused_to_the_only_admin():
    admin = make_admin()
    with pytest.raises(Refused) as refusal:
        deletion.delete_account(admin)
    assert refusal.value.code == "last_admin"
    assert User.objects.get(pk=admin.pk) == User.objects.get(
        email=admin.email, role="admin", is_active=True
    )
    second = make_admin()
    deletion.delete_account(admin)
    assert [*User.objects.filter(role="admin")] == [second]


@pytest.mark.both
def test_deletion_twice_is_done_once(person_to_delete):
    deletion.delete_account(User.objects.get(pk=person_to_delete.pk))
    deletion.delete_account(person_to_delete)
    assert AuditEntry.objects.filter(action="account.delete").count() == 1
    assert Mail.objects.filter(farewell=True).count() == 1


def test_deleted_accounts_are_shown_in_djangos_admin_only(client, person_to_delete):
    deletion.delete_account(person_to_delete)
    admin = make_admin()
    client.force_login(admin)
    assert "Deleted account" not in client.get("/administration/roles/").text
    assert (
        client.post(f"/administration/roles/{person_to_delete.pk}/", {"role": "admin"}).status_code
        == 404
    )
    assert client.get(f"/admin/accounts/user/{person_to_delete.pk}/change/").status_code == 200
    assert (
        client.post(
            f"/admin/accounts/user/{person_to_delete.pk}/change/",
            {"first_name": "K", "is_active": "on", "language": "en"},
        ).status_code
        == 403
    )
