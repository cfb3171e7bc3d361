"""What the deletion of an account erases, and its last mail."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.utils import timezone, translation

from accounts import deletion, people, roles
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from eventflow.mail import services as mail_services
from eventflow.mail.models import Mail
from eventflow.operations.personal_data.inventory import TABLES
from events import services as events
from events.models import DoorStaff
from tests.accounts.test_account_deletion import database_rows
from tests.eventflow.api.clients import Api
from tests.support import mail_builders
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_person,
    make_reservation,
)
from tests.support.full_dataset import move_times
from tests.support.mailbox import letters_to
from tickets.queue import decisions

pytestmark = pytest.mark.django_db

NAME, ADDRESS = "Kunegunda Brzęczyszczykiewicz", "kunegunda@example.org"


@pytest.fixture
def person_to_delete():
    return make_person(NAME, email=ADDRESS)


# --- What is erased -------------------------------------------------------------------------------


def leave_traces(person_to_delete, client):
    """Make rows that name this person in every table that can."""
    client.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD})
    Client().post(
        "/accounts/signup/",
        {"email": ADDRESS, "first_name": "K", "password1": PASSWORD, "password2": PASSWORD},
    )
    EmailAddress.objects.create(user=person_to_delete, email="kunegunda.new@example.org")
    mail.queue_to_address(
        mail_builders.note,
        address="kunegunda.new@example.org",
        language="en",
        args={"subject": f"For {NAME}"},
    )
    letters_to(ADDRESS)
    api, event = Api(person_to_delete), make_event()
    assert api.post(f"/events/{event.pk}/register/", key="kunegunda-1").status_code == 201
    over = make_reservation(make_event(), person_to_delete, status="confirmed")
    decisions.note(over, f"{NAME}, {ADDRESS}", by=over.event.organizer)
    move_times(over.event, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    events.add_door_staff(event, email=ADDRESS, by=event.organizer)
    DoorStaff.objects.create(event=over.event, email=ADDRESS)
    events.cancel(make_event(organizer=person_to_delete), by=person_to_delete)
    make_event(organizer=person_to_delete, status="draft", title=f"{NAME} invites")
    Authenticator.objects.create(
        user=person_to_delete, type="webauthn", data={"name": f"{NAME}’s key"}
    )
    admin = Client()
    admin.force_login(make_admin())
    FormerAddress.objects.create(person=person_to_delete, email="kunegunda.before@example.org")
    edited = {"first_name": "Kunegunda", "last_name": "Brzęczyszczykiewicz", "language": "pl"}
    admin.post(
        f"/admin/accounts/user/{person_to_delete.pk}/change/", edited, follow=True
    )  # the page that follows shows the message, which names them


def rows_naming_person():
    """Return the rows that name the person, also in JSON's spelling.

    (Three letters alone occur by chance in the random key of a session.)
    """
    parts = ("kunegunda", "brzęcz", "brz\\u0119cz")
    return [row for row in database_rows() if any(part in row.lower() for part in parts)]


@pytest.mark.both
def test_deletion_leaves_neither_name_nor_address_in_the_database(client, person_to_delete):
    roles.grant_role(person_to_delete, "organizer", by=make_admin())
    leave_traces(person_to_delete, client)
    kinds = {row.partition(" ")[0] for row in rows_naming_person()}
    assert kinds == {
        "User",
        "EmailAddress",
        "FormerAddress",
        "Authenticator",
        "Reservation",
        "DoorStaff",
        "Event",
        "Mail",
        "LogEntry",
        "Session",
    }
    assert (Replay.objects.count(), LogEntry.objects.exclude(object_repr="").count()) == (1, 1)
    deletion.delete_account(User.objects.get(pk=person_to_delete.pk))
    assert len(letters_to(ADDRESS)) > 1
    assert rows_naming_person() == []
    assert Replay.objects.count() == 0
    entry = AuditEntry.objects.get(action="account.delete")
    assert (entry.by_id, entry.target_id, entry.facts) == (
        person_to_delete.pk,
        person_to_delete.pk,
        {},
    )
    call_command("check_invariants")


@pytest.mark.both
def test_deletion_erases_what_the_inventory_says(client, person_to_delete):
    roles.grant_role(person_to_delete, "organizer", by=make_admin())
    leave_traces(person_to_delete, client)
    over = make_event(organizer=person_to_delete, contact_email=ADDRESS)
    move_times(over, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    letters_to(ADDRESS)
    person_to_delete.refresh_from_db()
    tables = {label: table for label, table in TABLES.items() if table.is_deleted or table.erased}
    rows = {label: table.rows for label, table in tables.items() if table.rows}
    found = {label: [*rows_of(person_to_delete)] for label, rows_of in rows.items()}
    assert {label for label in tables if not found[label]} == {"account.EmailConfirmation"}
    deletion.delete_account(person_to_delete)
    for label, table in tables.items():
        model, keys = apps.get_model(label), [row.pk for row in found[label]]
        left = model._default_manager.filter(pk__in=keys)
        if table.is_deleted:
            assert not left.exists(), label
        for name in table.erased.split():
            assert not any(left.values_list(name, flat=True)), (label, name)


def test_last_mail_is_in_the_persons_language_and_the_only_one(person_to_delete):
    people.change_settings(person_to_delete, language="pl")
    make_reservation(make_event(), person_to_delete, status="confirmed")
    deletion.delete_account(person_to_delete)
    (last,) = letters_to(ADDRESS)
    with translation.override("pl"):
        assert last.subject == translation.gettext("Your EventFlow account is deleted")
    assert not [row for row in Mail.objects.all() if ADDRESS in str(row.__dict__)]
    assert Mail.objects.latest("pk").state == Mail.State.SENT


@pytest.mark.both
def test_last_mail_that_is_given_up_loses_its_address(person_to_delete, settings):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1},
        }
    }
    deletion.delete_account(person_to_delete)
    last = Mail.objects.get(farewell=True)
    mail_services.deliver(last.pk)
    last.refresh_from_db()
    assert (last.state, last.to) == (Mail.State.QUEUED, ADDRESS)
    Mail.objects.filter(pk=last.pk).update(created=timezone.now() - timedelta(days=4))
    mail_services.deliver(last.pk)
    last.refresh_from_db()
    assert (last.state, last.to) == (Mail.State.DROPPED, "")


@pytest.mark.both
def test_mail_whose_address_was_erased_meanwhile_is_dropped(person_to_delete):
    mail.queue_to_address(mail_builders.note, address="", language="en", args={"subject": "Hello"})
    mail_services.deliver(Mail.objects.latest("pk").pk)
    assert Mail.objects.latest("pk").state == Mail.State.DROPPED
