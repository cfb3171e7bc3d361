"""The file of a person's data: complete, of nobody else, and only after the password."""

import json
import uuid
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import activation, people, roles
from accounts.models import LoginSession
from eventflow import mail
from eventflow.operations.personal_data import export
from eventflow.operations.personal_data.inventory import TABLES
from events import services as events
from tests.support import mail_builders
from tests.support.check_in import check_in
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.full_dataset import move_times
from tests.support.mailbox import letters_to
from tests.support.markup import only
from tickets.messages import announcements
from tickets.queue import decisions

pytestmark = pytest.mark.django_db
DATA, REAUTHENTICATE = "/accounts/settings/data.json", "/accounts/reauthenticate/"


def download(client):
    """Return the answer, after the password if it is required."""
    if (answer := client.get(DATA)).status_code == 200:
        return answer
    asked = client.get(answer.url)
    client.post(asked.url, {"password": PASSWORD}, follow=True)
    return client.get(DATA)


def exported_file(person):
    """Return the file, parsed."""
    return json.loads("".join(export.as_json(export.sections(person))))


def event_titles(found):
    return [row["event_title"] for row in found]


@pytest.fixture
def person():
    """A person with rows in every section, beside others with the same."""
    person = make_organizer("Łucja Żak", email="lucja@example.org", language="pl")
    for who in (person, make_organizer("Other Person", email="other@example.org")):
        do_everything(who, title=f"{who.first_name}’s")
    return person


def do_everything(who, title):
    own, host = make_event(organizer=who, title=f"{title} own"), make_organizer("Paweł Host")
    visited = make_event(
        organizer=host, title=f"{title} visit", start_time=own.start_time - timedelta(days=1)
    )
    inside = make_reservation(visited, who, status="confirmed")
    check_in(inside, by=host, device="The host’s phone")
    decisions.note(inside, "Between us: a difficult guest", by=host)
    decisions.reject(
        make_reservation(make_event(organizer=host, title=f"{title} refusal"), who),
        by=host,
        message=f"Sorry, {title}",
    )
    events.add_door_staff(
        make_event(organizer=host, title=f"{title} door"), email=who.email, by=host
    )
    make_reservation(
        own, make_person("Guest Ofmine", email=f"guest-of-{who.email}"), status="confirmed"
    )
    announcements.send(
        own, audience="all", subject="Parking", body="Behind the hall.", key=uuid.uuid4(), by=who
    )
    people.change_settings(who, last_name=who.last_name)
    activation.record_former_address(who, f"before-{who.email}")
    Authenticator.objects.create(user=who, type="totp", data={"secret": "SEEDSEED"})
    Authenticator.objects.create(
        user=who,
        type="webauthn",
        data={"name": f"{who.first_name}’s phone", "credential": {"id": "a-credential"}},
    )
    mail.queue_to_address(
        mail_builders.note, address=who.email, language="en", args={"subject": "A secret-token"}
    )


def test_file_has_one_section_for_each_kind_of_data(person):
    data = exported_file(person)
    assert [*data] == [
        "account",
        "addresses",
        "second_steps",
        "former_addresses",
        "logged_in_at",
        "reservations",
        "tickets",
        "events_organized",
        "messages_to_guests",
        "door_staff_at",
        "log",
        "mails",
    ]


def test_file_has_the_account_and_its_ways_to_log_in(person):
    letters_to(person.email)
    data = exported_file(person)
    account = {
        "id": person.pk,
        "email": "lucja@example.org",
        "first_name": "Łucja",
        "last_name": "Żak",
        "language": "pl",
        "role": "organizer",
    }
    assert data["account"] | account == data["account"]
    assert data["account"].keys() - account.keys() == {
        "date_joined",
        "last_login",
        "organizer_mail",
        "time_zone",
    }
    assert [row["email"] for row in data["former_addresses"]] == ["before-lucja@example.org"]
    assert data["addresses"] == [{"email": "lucja@example.org", "verified": True, "primary": True}]
    assert [(one["type"], one["name"]) for one in data["second_steps"]] == [
        ("totp", None),
        ("webauthn", "Łucja’s phone"),
    ]


@pytest.mark.both
def test_file_holds_reservations_tickets_events_and_mails(person):
    letters_to(person.email)
    data = exported_file(person)
    decided = [(one["event_title"], one["status"], one["message"]) for one in data["reservations"]]
    assert decided == [
        ("Łucja’s visit", "confirmed", ""),
        ("Łucja’s refusal", "rejected", "Sorry, Łucja’s"),
    ]
    assert data["reservations"][0].keys() == {
        *("id", "status", "status_at_cancellation", "created", "decided_at", "message"),
        *("event_title", "event_start", "event_end"),
    }
    (ticket,) = data["tickets"]
    assert ticket["checked_in_at"] and ticket.keys() == {
        "code",
        "issued_at",
        "void_at",
        "checked_in_at",
        "reservation_id",
        "event_title",
    }
    assert [event["title"] for event in data["events_organized"]] == ["Łucja’s own"]
    assert [(one["subject"], one["event_title"]) for one in data["messages_to_guests"]] == [
        ("Parking", "Łucja’s own")
    ]
    assert event_titles(data["door_staff_at"]) == ["Łucja’s door"]
    assert [one["kind"] for one in data["mails"]] == [
        "queued",
        "confirmed",
        "queued",
        "rejected",
        "door_staff",
        "note",
    ]
    assert data["mails"][0].keys() == {"kind", "state", "created", "sent_at"}


def test_every_exported_column_of_the_inventory_is_in_the_file(person):
    letters_to(person.email)
    LoginSession.objects.create(person=person, session_key="x" * 32, device="Firefox, Linux")
    data = exported_file(person)
    rows = {name: part if isinstance(part, dict) else part[0] for name, part in data.items()}
    in_file = {f"{section}.{key}" for section, row in rows.items() for key in row}
    exported = {target for table in TABLES.values() for target in table.exported.values()}
    # The event's times stand with a reservation, too; they are no columns of it.
    assert in_file == exported | {"reservations.event_start", "reservations.event_end"}


@pytest.mark.both
def test_log_holds_what_the_person_did_and_what_happened_to_the_account(person):
    roles.grant_role(person, "admin", by=make_admin())
    log = exported_file(person)["log"]
    assert [(entry["action"], entry["by"]) for entry in log] == [
        ("reservation.reserve", "you"),
        ("reservation.reserve", "you"),
        ("reservation.confirm", "you"),
        ("announcement.send", "you"),
        ("second_factor.add", "you"),
        ("second_factor.add", "you"),
        ("role.grant", "somebody else"),
    ]
    assert log[-1]["facts"] == {"before": "organizer", "after": "admin"}


def test_file_holds_nothing_of_others_and_no_secret(person):
    letters_to(person.email)
    file = json.dumps(exported_file(person), ensure_ascii=False)
    keys = [
        person.reservations.first().tickets.get().serial,
        "secret-token",
        "password",
        person.password,
        "SEED",
        "a-credential",
    ]
    for secret in ("Other", "Guest Ofmine", "guest-of", "Host", "host’s", "difficult guest", *keys):
        assert secret not in file, secret


def test_file_is_a_download_that_no_cache_stores(client, person):
    client.force_login(person)
    answer = download(client)
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="eventflow-')
    assert answer["Cache-Control"] == "private, no-store"
    assert json.loads(b"".join(answer.streaming_content)) == json.loads(
        json.dumps(exported_file(person))
    )


def test_file_needs_the_password(client, person):
    assert client.get(DATA).url == f"/accounts/login/?next={DATA}"
    client.force_login(person)
    # To the page of the button: a file would leave the browser on the page of the password.
    assert client.get(DATA).url == "/accounts/settings/data/"
    asked = client.get("/accounts/settings/data/")
    assert asked.url == f"{REAUTHENTICATE}?next=%2Faccounts%2Fsettings%2Fdata%2F"
    assert client.post(asked.url, {"password": "a wrong password"}).status_code == 200
    assert client.get(DATA).status_code == 302
    assert download(client).status_code == 200
    assert client.get(DATA).status_code == 200  # for a while
    elsewhere = Client()
    elsewhere.force_login(person)
    assert elsewhere.get(DATA).status_code == 302


def test_password_leads_to_the_page_that_downloads(client, person):
    client.force_login(person)
    settings = only(
        client.get("/accounts/settings/"), "//a[starts-with(@href, '/accounts/settings/data')]"
    ).get("href")
    asked = client.get(settings)
    page = client.post(asked.url, {"password": PASSWORD}, follow=True)
    assert page.redirect_chain == [("/accounts/settings/data/", 302)]
    answer = client.get(only(page, f"//main//a[@href='{DATA}']").get("href"))
    assert answer["Content-Disposition"].startswith("attachment")


def test_file_of_a_person_who_did_nothing_is_empty():
    data = exported_file(make_person())
    assert {
        name: len(rows)
        for name, rows in data.items()
        if name not in {"account", "addresses"} and rows
    } == {}


@pytest.mark.both
def test_file_takes_the_same_queries_however_much_there_is(person, django_assert_num_queries):
    with django_assert_num_queries(11):
        before = exported_file(person)
    for _ in range(3):
        move_times(
            make_reservation(make_event(), person, status="confirmed").event,
            start_time=timedelta(1),
            end_time=timedelta(2),
        )
    with django_assert_num_queries(11):
        after = exported_file(person)
    assert (len(before["reservations"]), len(after["reservations"])) == (2, 5)
