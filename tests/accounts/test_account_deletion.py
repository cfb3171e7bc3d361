"""Somebody deletes their account: what is given back, what is forgotten, what stays, and who can't."""

import json
import uuid
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone, translation

from accounts import deletion, people, roles, sign_up
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from eventflow.mail import services as mail_services
from eventflow.mail.models import Mail
from eventflow.operations.personal_data.inventory import TABLES
from events import services as events
from events.models import DoorStaff, Event
from tests.eventflow.api.clients import Api, refused, sign_in
from tests.support import mail_builders
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.full_dataset import let_time_pass
from tests.support.mailbox import letters_to
from tickets.checkin import admission
from tickets.messages import announcements
from tickets.models import Reservation
from tickets.queue import decisions

pytestmark = pytest.mark.django_db
PAGE, REAUTHENTICATE, SETTINGS = (
    "/accounts/settings/delete/",
    "/accounts/reauthenticate/",
    "/accounts/settings/",
)
NAME, ADDRESS = "Kunegunda Brzęczyszczykiewicz", "kunegunda@example.org"


@pytest.fixture
def leaver():
    return make_person(NAME, email=ADDRESS)


def press(client, password=PASSWORD):
    """The red button, and the password that it asks for. The answer to the password."""
    asked = client.post(PAGE)
    assert asked.url.startswith(REAUTHENTICATE)
    return client.post(asked.url, {"password": password})


def standing(reservation):
    """(status, whether its last ticket still opens the door)"""
    reservation.refresh_from_db()
    return reservation.status, reservation.tickets.filter(void_at=None).exists()


def whole_database():
    """Every row of every table as text, what sessions hold written out."""
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values():
            yield f"{model.__name__} {row}"
    for session in Session.objects.all():
        yield f"Session {json.dumps(session.get_decoded())}"


# --- The page ---------------------------------------------------------------------------------------------------------


def test_opening_the_page_changes_nothing(client, leaver):
    client.force_login(leaver)
    before = [*whole_database()]
    page = client.get(PAGE)
    assert page.status_code == 200
    assert ADDRESS in page.text
    assert [*whole_database()] == before


def test_one_press_and_the_password_delete_the_account(client, leaver):
    client.force_login(leaver)
    gone = press(client)
    assert gone.url == "/"
    assert "Your account is deleted." in client.get("/").text
    leaver.refresh_from_db()
    assert (leaver.email, leaver.first_name, leaver.last_name) == (
        f"deleted-{leaver.pk}@deleted.invalid",
        "",
        "",
    )
    assert (leaver.is_active, leaver.has_usable_password(), leaver.last_login) == (
        False,
        False,
        None,
    )


def test_without_the_password_nothing_happens(client, leaver):
    client.force_login(leaver)
    assert press(client, "a wrong password").status_code == 200
    assert client.get(SETTINGS).status_code == 200
    assert User.objects.get(pk=leaver.pk).email == ADDRESS
    assert not AuditEntry.objects.filter(action="account.delete").exists()


def test_a_password_given_for_something_else_later_deletes_nothing(client, leaver):
    client.force_login(leaver)
    client.post(PAGE)
    client.post(f"{REAUTHENTICATE}?next={SETTINGS}", {"password": PASSWORD})
    assert client.get(SETTINGS).status_code == 200
    assert User.objects.get(pk=leaver.pk).email == ADDRESS


def test_the_press_of_another_site_counts_for_nothing(leaver):
    client = Client(enforce_csrf_checks=True)
    client.force_login(leaver)
    assert client.post(PAGE).status_code == 403
    assert User.objects.get(pk=leaver.pk).email == ADDRESS


def test_only_the_own_account_is_deleted(client, leaver):
    others = [make_person(NAME, email="another@example.org"), make_admin()]
    client.force_login(leaver)
    press(client)
    assert [User.objects.get(pk=other.pk).email for other in others] == [
        other.email for other in others
    ]
    assert all(EmailAddress.objects.filter(user=other, verified=True).exists() for other in others)


# --- Nothing opens any more -------------------------------------------------------------------------------------------


def test_browsers_tokens_and_the_password_are_dead_at_once(client, leaver):
    elsewhere, other, tokens = Client(), Client(), sign_in(leaver)
    elsewhere.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD})
    other.force_login(make_person())
    assert [browser.get(SETTINGS).status_code for browser in (elsewhere, other)] == [200, 200]
    assert Api(token=tokens["access"]).get("/users/me/").status_code == 200
    client.force_login(leaver)
    press(client)
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


def test_the_address_is_free_for_a_new_account(client, leaver):
    deletion.delete_account(leaver)
    again = sign_up.sign_up(email=ADDRESS, password=PASSWORD, language="pl", first_name="Kunegunda")
    assert again is not None and again.pk != leaver.pk
    assert (
        client.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD}).url
        == "/accounts/confirm-email/"
    )


def test_nobody_can_sign_up_into_the_place_of_a_deleted_account(leaver):
    with pytest.raises(Refused) as refusal:
        sign_up.sign_up(
            email=f"Deleted-{leaver.pk}@deleted.invalid", password=PASSWORD, language="en"
        )
    assert refusal.value.code == "address_nowhere"
    deletion.delete_account(leaver)
    assert User.objects.filter(email__contains="deleted").count() == 1


# --- Reservations -----------------------------------------------------------------------------------------------------


def test_a_seat_goes_to_the_head_of_the_automatic_queue(leaver):
    event = make_event(seats_limit=1, admission="automatic")
    seat = make_reservation(event, leaver)
    head, second = make_reservation(event), make_reservation(event)
    deletion.delete_account(leaver)
    assert [standing(one) for one in (seat, head, second)] == [
        ("cancelled", False),
        ("confirmed", True),
        ("pending", False),
    ]
    assert "You have a spot" in letters_to(head.person.email)[0].subject
    call_command("check_invariants")


def test_places_at_events_to_come_are_given_back_and_what_was_stays(leaver):
    names = ("seat", "place", "running", "inside", "over", "rejected")
    of = {
        name: make_reservation(make_event(), leaver, status="confirmed")
        for name in names
        if name not in {"place", "rejected"}
    }
    of["place"] = make_reservation(make_event(), leaver)
    of["rejected"] = decisions.reject(
        make_reservation(make_event(), leaver), by=make_admin(), message="Kunegunda, not again"
    )
    for name in ("inside", "over"):
        admission.check_in(of[name], by=of[name].event.organizer)
    decisions.note(of["over"], "Kunegunda sings", by=of["over"].event.organizer)
    for name in ("running", "inside"):
        let_time_pass(of[name].event, start_time=-timedelta(hours=1), end_time=timedelta(hours=1))
    let_time_pass(of["over"].event, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    deletion.delete_account(leaver)
    assert {name: standing(of[name]) for name in names} == {
        "seat": ("cancelled", False),
        "place": ("cancelled", False),
        "running": ("cancelled", False),
        "inside": ("confirmed", True),
        "over": ("confirmed", True),
        "rejected": ("rejected", False),
    }
    assert {(one.message, one.note) for one in Reservation.objects.filter(person=leaver)} == {
        ("", "")
    }
    counts = {
        name: Event.objects.values_list("confirmed_count", "pending_count", "checked_in_count").get(
            pk=of[name].event_id
        )
        for name in names
    }
    assert counts == dict.fromkeys(names, (0, 0, 0)) | dict.fromkeys(("inside", "over"), (1, 0, 1))
    call_command("check_invariants")


def test_the_guest_list_and_the_door_name_them_no_more(client, leaver):
    event = make_event(start_time=timezone.now() + timedelta(minutes=5))
    admission.check_in(make_reservation(event, leaver, status="confirmed"), by=event.organizer)
    deletion.delete_account(leaver)
    client.force_login(event.organizer)
    url = f"/organizer/events/{event.pk}/"
    page = client.get(f"{url}queue/?state=all").text
    rows = b"".join(client.get(f"{url}export.csv").streaming_content).decode()
    for shown in (page, rows):
        assert "Deleted account" in shown
        assert "deleted.invalid" not in shown
    with translation.override("pl"):
        assert str(User.objects.get(pk=leaver.pk)) == translation.gettext("Deleted account")


def test_nobody_writes_to_them_any_more(leaver):
    event = make_event(start_time=timezone.now() + timedelta(minutes=5))
    inside, guest = (
        make_reservation(event, person, status="confirmed") for person in (leaver, make_person())
    )
    admission.check_in(inside, by=event.organizer)
    deletion.delete_account(leaver)
    before = Mail.objects.count()
    events.edit(event, by=event.organizer, location="Elsewhere")
    assert [*Mail.objects.order_by("pk").values_list("to", flat=True)][before:] == [
        guest.person.email
    ]


# --- Nothing left -----------------------------------------------------------------------------------------------------


def busy_life(leaver, client):
    """Traces of this person wherever there can be some."""
    client.post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD})
    Client().post(
        "/accounts/signup/",
        {"email": ADDRESS, "first_name": "K", "password1": PASSWORD, "password2": PASSWORD},
    )
    EmailAddress.objects.create(user=leaver, email="kunegunda.new@example.org")
    mail.queue_to_address(
        mail_builders.note,
        address="kunegunda.new@example.org",
        language="en",
        args={"subject": f"For {NAME}"},
    )
    letters_to(ADDRESS)
    api, event = Api(leaver), make_event()
    assert api.post(f"/events/{event.pk}/register/", key="kunegunda-1").status_code == 201
    over = make_reservation(make_event(), leaver, status="confirmed")
    decisions.note(over, f"{NAME}, {ADDRESS}", by=over.event.organizer)
    let_time_pass(over.event, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    events.add_door_staff(event, email=ADDRESS, by=event.organizer)
    DoorStaff.objects.create(event=over.event, email=ADDRESS)
    events.cancel(make_event(organizer=leaver), by=leaver)
    make_event(organizer=leaver, status="draft", title=f"{NAME} invites")
    Authenticator.objects.create(user=leaver, type="webauthn", data={"name": f"{NAME}’s key"})
    admin = Client()
    admin.force_login(make_admin())
    FormerAddress.objects.create(person=leaver, email="kunegunda.before@example.org")
    edited = {"first_name": "Kunegunda", "last_name": "Brzęczyszczykiewicz", "language": "pl"}
    admin.post(
        f"/admin/accounts/user/{leaver.pk}/change/", edited, follow=True
    )  # the page that follows shows the message, which names them


def traces():
    """The rows that name them, also as JSON writes it. (Three letters alone come up by chance in a session's random ones.)"""
    parts = ("kunegunda", "brzęcz", "brz\\u0119cz")
    return [row for row in whole_database() if any(part in row.lower() for part in parts)]


def test_neither_name_nor_address_is_left_anywhere_in_the_database(client, leaver):
    roles.grant_role(leaver, "organizer", by=make_admin())
    busy_life(leaver, client)
    kinds = {row.partition(" ")[0] for row in traces()}
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
    deletion.delete_account(User.objects.get(pk=leaver.pk))
    assert len(letters_to(ADDRESS)) > 1
    assert traces() == []
    assert Replay.objects.count() == 0
    entry = AuditEntry.objects.get(action="account.delete")
    assert (entry.by_id, entry.target_id, entry.facts) == (leaver.pk, leaver.pk, {})
    call_command("check_invariants")


def test_deletion_erases_what_the_inventory_says(client, leaver):
    roles.grant_role(leaver, "organizer", by=make_admin())
    busy_life(leaver, client)
    over = make_event(organizer=leaver, contact_email=ADDRESS)
    let_time_pass(over, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    letters_to(ADDRESS)
    leaver.refresh_from_db()
    tables = {label: table for label, table in TABLES.items() if table.is_deleted or table.erased}
    found = {label: [*table.rows(leaver)] for label, table in tables.items()}
    assert {label for label in tables if not found[label]} == {"account.EmailConfirmation"}
    deletion.delete_account(leaver)
    for label, table in tables.items():
        model, keys = apps.get_model(label), [row.pk for row in found[label]]
        left = model._default_manager.filter(pk__in=keys)
        if table.is_deleted:
            assert not left.exists(), label
        for name in table.erased.split():
            assert not any(left.values_list(name, flat=True)), (label, name)


def test_the_last_mail_says_so_in_their_language_and_nothing_else_is_sent(leaver):
    people.change_settings(leaver, language="pl")
    make_reservation(make_event(), leaver, status="confirmed")
    deletion.delete_account(leaver)
    (last,) = letters_to(ADDRESS)
    with translation.override("pl"):
        assert last.subject == translation.gettext("Your EventFlow account is deleted")
    assert not [row for row in Mail.objects.all() if ADDRESS in str(row.__dict__)]
    assert Mail.objects.latest("pk").state == Mail.State.SENT


def test_a_last_mail_that_nobody_takes_is_forgotten_with_its_address(leaver, settings):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1},
        }
    }
    deletion.delete_account(leaver)
    last = Mail.objects.get(farewell=True)
    mail_services.deliver(last.pk)
    last.refresh_from_db()
    assert (last.state, last.to) == (Mail.State.QUEUED, ADDRESS)
    Mail.objects.filter(pk=last.pk).update(created=timezone.now() - timedelta(days=4))
    mail_services.deliver(last.pk)
    last.refresh_from_db()
    assert (last.state, last.to) == (Mail.State.DROPPED, "")


def test_a_mail_whose_address_was_forgotten_while_it_was_tried_is_dropped(leaver):
    mail.queue_to_address(mail_builders.note, address="", language="en", args={"subject": "Hello"})
    mail_services.deliver(Mail.objects.latest("pk").pk)
    assert Mail.objects.latest("pk").state == Mail.State.DROPPED


# --- Who can't --------------------------------------------------------------------------------------------------------


def test_an_organizer_of_an_event_to_come_cannot_leave(client):
    organizer = make_organizer(NAME, email=ADDRESS)
    event, draft = (
        make_event(organizer=organizer, title="Night Print"),
        make_event(organizer=organizer, status="draft"),
    )
    seat = make_reservation(make_event(), organizer, status="confirmed")
    client.force_login(organizer)
    refusal = press(client)
    assert refusal.status_code == 409
    assert 'data-code="organizes_events"' in refusal.text
    assert "You organize “Night Print”, which is not over." in refusal.text
    assert standing(seat) == ("confirmed", True)
    assert Event.objects.filter(pk=draft.pk).exists()
    assert client.get(SETTINGS).status_code == 200
    events.cancel(event, by=organizer)
    assert client.post(PAGE).url == "/"  # the password was given just now
    assert User.objects.get(pk=organizer.pk).is_deleted


def test_what_an_organizer_leaves_behind(client):
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
    let_time_pass(over, start_time=-timedelta(days=2), end_time=-timedelta(days=1))
    events.cancel(called_off, by=organizer)
    Event.objects.filter(pk=draft.pk).update(status="draft")
    deletion.delete_account(organizer)
    assert [*Event.objects.order_by("pk")] == [over, called_off]
    assert Event.objects.get(pk=over.pk).host == "Deleted account"
    assert "Deleted account" in client.get(over.get_absolute_url()).text
    assert DoorStaff.objects.filter(pk=helper.pk).exists()
    client.force_login(admin)
    assert client.get(f"/organizer/events/{over.pk}/queue/?state=all").status_code == 200
    assert standing(guest) == ("confirmed", True)
    call_command("check_invariants")


def test_the_only_admin_cannot_leave():
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


def test_leaving_twice_is_leaving_once(leaver):
    deletion.delete_account(User.objects.get(pk=leaver.pk))
    deletion.delete_account(leaver)
    assert AuditEntry.objects.filter(action="account.delete").count() == 1
    assert Mail.objects.filter(farewell=True).count() == 1


def test_admins_see_deleted_accounts_nowhere_but_in_djangos_admin(client, leaver):
    deletion.delete_account(leaver)
    admin = make_admin()
    client.force_login(admin)
    assert "Deleted account" not in client.get("/administration/roles/").text
    assert client.post(f"/administration/roles/{leaver.pk}/", {"role": "admin"}).status_code == 404
    assert client.get(f"/admin/accounts/user/{leaver.pk}/change/").status_code == 200
    assert (
        client.post(
            f"/admin/accounts/user/{leaver.pk}/change/",
            {"first_name": "K", "is_active": "on", "language": "en"},
        ).status_code
        == 403
    )
