"""One mailbox is one account, however its address is spelled, at every door where one is typed."""

import unicodedata
from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts import activation, sign_up
from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from events.models import DoorStaff
from events.services import add_door_staff
from tests.eventflow.api.clients import Api, data
from tests.support.factories import PASSWORD, make_admin, make_event, make_person, make_reservation
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db
CANONICAL = "t3@xn--kda4b0koi.example"
SPELLINGS = [
    CANONICAL,
    "t3@żółć.example",
    "T3@" + unicodedata.normalize("NFD", "ŻÓŁĆ.Example"),
    " t3@żółć.example\u200b",
    "\ufefft\u00ad3@XN--KDA4B0KOI.EXAMPLE ",
]
BAD = ["t3@[127.0.0.1]", "t3@localhost", "t3@mail", "t3@☃.example"]
every_spelling = pytest.mark.parametrize("typed", SPELLINGS)
every_bad_one = pytest.mark.parametrize("typed", BAD)


def signup_form(email):
    return {
        "email": email,
        "password1": PASSWORD,
        "password2": PASSWORD,
        "first_name": "Maja",
        "last_name": "Lis",
    }


def stored_addresses():
    """As the database has them, past our own fields."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT email FROM accounts_user UNION ALL SELECT email FROM account_emailaddress"
        )
        return [email for (email,) in cursor.fetchall()]


def respell_past_the_fields(person, email):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [email, person.pk])
    EmailAddress.objects.filter(user=person).update(email=email)


# --- signing up -------------------------------------------------------------------------------------------------------


@every_spelling
def test_signup_page_stores_the_canonical_address(client, typed):
    assert client.post("/accounts/signup/", signup_form(typed)).status_code == 302
    assert stored_addresses() == [CANONICAL, CANONICAL]
    client.post(link_in(letters_to(CANONICAL)[0], "/activate/"))
    for other in SPELLINGS:
        fresh = Client()
        fresh.post("/accounts/login/", {"login": other, "password": PASSWORD})
        assert "_auth_user_id" in fresh.session, other


@every_spelling
def test_register_over_the_api_stores_the_canonical_address(typed):
    answer = Api().post("/users/register/", {"email": typed, "password": PASSWORD})
    assert data(answer, 201)["email"] == CANONICAL
    assert stored_addresses() == [CANONICAL, CANONICAL]


@every_spelling
def test_signup_in_another_spelling_makes_no_second_account(client, typed):
    make_person(email=CANONICAL)
    client.post("/accounts/signup/", signup_form(typed))
    Api().post("/users/register/", {"email": typed, "password": PASSWORD})
    assert User.objects.count() == 1


@every_bad_one
def test_signup_refuses_an_address_that_no_mail_reaches(client, typed):
    page = client.post("/accounts/signup/", signup_form(typed))
    assert page.context["form"].errors == {
        "email": ["Enter an e-mail address like name@example.org."]
    }
    answer = Api().post("/users/register/", {"email": typed, "password": PASSWORD})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["email"])
    assert not User.objects.exists()


def test_signup_refuses_the_addresses_of_deleted_accounts_in_every_spelling():
    with pytest.raises(Refused, match="address_nowhere"):
        sign_up.sign_up(email="a@dele\u200bted.INVALID", password=PASSWORD, language="en")


# --- those who have an account ----------------------------------------------------------------------------------------


@every_spelling
def test_login_over_the_api_takes_every_spelling(typed):
    make_person(email=CANONICAL)
    assert data(Api().post("/login/", {"email": typed, "password": PASSWORD}), 200)["access"]


@every_spelling
def test_password_reset_reaches_the_owner(client, typed):
    make_person(email=CANONICAL)
    client.post("/accounts/password/reset/", {"email": typed})
    assert link_in(letters_to(CANONICAL)[0], "/accounts/password/reset/key/")


@every_spelling
def test_lost_activation_link_is_sent_to_the_owner(client, typed):
    make_person(email=CANONICAL, activated=False)
    client.post("/accounts/activation/", {"email": typed})
    assert link_in(letters_to(CANONICAL)[0], "/activate/")


@every_spelling
def test_change_of_address_stores_the_canonical_one(client, typed):
    person = make_person(email="old@example.org")
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": typed, "action_add": ""})
    assert EmailAddress.objects.get(user=person, primary=False).email == CANONICAL


@every_bad_one
def test_change_of_address_refuses_what_no_mail_reaches(client, typed):
    person = make_person(email="old@example.org")
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": typed, "action_add": ""})
    assert EmailAddress.objects.filter(user=person).count() == 1


# --- other doors ------------------------------------------------------------------------------------------------------


@every_spelling
def test_door_staff_are_one_person_in_every_spelling(typed):
    event, person = make_event(), make_person(email=CANONICAL)
    assert add_door_staff(event, email=typed, by=event.organizer).person == person
    assert add_door_staff(event, email=SPELLINGS[1], by=event.organizer).email == CANONICAL
    assert DoorStaff.objects.count() == 1


@every_spelling
def test_invited_door_staff_are_welcomed_by_their_mailbox(client, typed):
    event = make_event()
    client.force_login(event.organizer)
    assert (
        client.post(f"/organizer/events/{event.pk}/door-staff/", {"email": typed}).status_code
        == 302
    )
    activation.activate_by_admin(make_person(email=CANONICAL, activated=False), by=make_admin())
    assert DoorStaff.objects.get().person.email == CANONICAL


@every_spelling
def test_admin_adds_people_under_the_canonical_address(client, typed):
    client.force_login(make_admin())
    facts = {
        "email": typed,
        "first_name": "Maja",
        "last_name": "Lis",
        "language": "en",
        "password": PASSWORD,
    }
    assert client.post("/admin/accounts/user/add/", facts).status_code == 302
    assert EmailAddress.objects.get(user__email=typed).email == CANONICAL


@every_spelling
def test_createsuperuser_stores_the_canonical_address(typed, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email=typed, interactive=False, verbosity=0)
    assert stored_addresses() == [CANONICAL, CANONICAL]
    with pytest.raises(CommandError, match="already"):
        call_command("createsuperuser", email=SPELLINGS[1], interactive=False, verbosity=0)


@every_bad_one
def test_createsuperuser_refuses_what_no_mail_reaches(typed, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="Enter an e-mail address"):
        call_command("createsuperuser", email=typed, interactive=False, verbosity=0)


# --- addresses from before --------------------------------------------------------------------------------------------


def migrate_addresses():
    import_module("accounts.migrations.0005_canonical_addresses").respell(apps, None)


def test_migration_respells_an_address_that_is_nobody_elses():
    person = make_person(email="t3@example.org")
    respell_past_the_fields(person, SPELLINGS[1])
    migrate_addresses()
    assert stored_addresses() == [CANONICAL, CANONICAL]
    client = Client()
    client.post("/accounts/login/", {"login": SPELLINGS[1], "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_migration_merges_nobody_and_says_how_many_are_left(caplog, capsys):
    owner, other, unproven = (
        make_person(email=CANONICAL),
        make_person("Lee Lis"),
        make_person("Kim Lis", activated=False),
    )
    respell_past_the_fields(other, "t3@żółć.example")
    respell_past_the_fields(unproven, "kim@ćma.example")
    migrate_addresses()
    assert sorted(stored_addresses()) == sorted(
        [CANONICAL, "t3@żółć.example", "kim@xn--ma-ula.example"] * 2
    )
    assert caplog.messages == [
        "1 accounts share a mailbox with another; manage.py duplicate_accounts lists them"
    ]
    with pytest.raises(CommandError, match="1 accounts share"):
        call_command("duplicate_accounts")
    assert (
        capsys.readouterr().out
        == f"account {other.pk} 't3@\\u017c\\xf3\\u0142\\u0107.example' has the mailbox of account {owner.pk}\n"
    )


def test_migration_gives_the_address_to_the_account_that_is_proven():
    older, proven = make_person(activated=False), make_person()
    respell_past_the_fields(older, "t3@żółć.example")
    respell_past_the_fields(proven, "t3@żółć.example\u200b")
    migrate_addresses()
    assert User.objects.get(email=CANONICAL) == proven


# --- accounts at addresses that no mail reaches, from before these were refused -----------------------------------------

LOOKALIKES = [("sara@example.org", "ſara@example.org"), ("admin@example.org", "admın@example.org")]
each_pair = pytest.mark.parametrize(("ascii_one", "other"), LOOKALIKES)


@pytest.fixture
def lookalikes(ascii_one, other):
    owner, lookalike = make_person("Sara One", email=ascii_one), make_person("Sara Two")
    respell_past_the_fields(lookalike, other)
    return owner, User.objects.get(pk=lookalike.pk)


@each_pair
def test_address_leads_to_its_own_account_and_not_to_one_that_looks_alike(lookalikes):
    """In capitals both are the same: a database that compares capitals would take one for the other."""
    for person, right, wrong in zip(
        lookalikes, (PASSWORD, PASSWORD + "2"), (PASSWORD + "2", PASSWORD), strict=True
    ):
        person.set_password(right)
        person.save()
        for password, is_let_in in ((wrong, False), (right, True)):
            for typed in (person.email, f" {person.email}​"):
                client = Client()
                client.post("/accounts/login/", {"login": typed, "password": password})
                assert ("_auth_user_id" in client.session) is is_let_in
                assert client.session.get("_auth_user_id") in {None, str(person.pk)}


@each_pair
def test_door_staff_and_search_tell_accounts_that_look_alike_apart(client, lookalikes):
    owner, lookalike = lookalikes
    event = make_event()
    assert add_door_staff(event, email=owner.email.upper(), by=event.organizer).person == owner
    for person in lookalikes:
        make_reservation(event, person)
    client.force_login(event.organizer)
    page = client.get(f"/organizer/events/{event.pk}/queue/", {"q": owner.email}).text
    assert ("Sara One" in page, "Sara Two" in page) == (True, False)
    page = client.get(f"/organizer/events/{event.pk}/queue/", {"q": lookalike.email}).text
    assert ("Sara One" in page, "Sara Two" in page) == (False, True)


@each_pair
@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/activation/"])
def test_form_that_is_answered_by_mail_refuses_an_address_that_no_mail_reaches(
    client, lookalikes, path
):
    page = client.post(path, {"email": lookalikes[1].email})
    assert page.context["form"].errors == {
        "email": ["Enter an e-mail address like name@example.org."]
    }
    assert not Mail.objects.exists()
    client.post(path, {"email": lookalikes[0].email})
    assert [*Mail.objects.values_list("to", flat=True)] == [lookalikes[0].email]


@each_pair
def test_person_whose_address_no_mail_reaches_moves_to_another(client, lookalikes):
    person = lookalikes[1]
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    client.post(link_in(letters_to("new@example.org")[0], "/activate/"))
    person.refresh_from_db()
    assert person.email == "new@example.org"


@each_pair
def test_duplicate_accounts_names_those_that_no_mail_reaches(capsys, lookalikes):
    with pytest.raises(CommandError, match="1 accounts"):
        call_command("duplicate_accounts")
    written = capsys.readouterr().out
    assert (
        written
        == f"account {lookalikes[1].pk} {lookalikes[1].email!a} is at an address that no mail reaches\n"
    )


def test_duplicate_accounts_has_nothing_to_say_of_a_sound_house(capsys):
    make_person()
    call_command("duplicate_accounts")
    assert "Every account has a mailbox of its own." in capsys.readouterr().out
