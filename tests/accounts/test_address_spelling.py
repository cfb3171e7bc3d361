"""One mailbox is one account, however its address is spelled, wherever it is entered."""

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
every_spelling = pytest.mark.parametrize("spelling", SPELLINGS)
every_bad_one = pytest.mark.parametrize("spelling", BAD)


def signup_form(email):
    return {
        "email": email,
        "password1": PASSWORD,
        "password2": PASSWORD,
        "first_name": "Maja",
        "last_name": "Lis",
    }


def stored_addresses():
    """The addresses as the database stores them, read without our own fields."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT email FROM accounts_user UNION ALL SELECT email FROM account_emailaddress"
        )
        return [email for (email,) in cursor.fetchall()]


def store_spelling(person, email):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [email, person.pk])
    EmailAddress.objects.filter(user=person).update(email=email)


# --- signing up -----------------------------------------------------------------------------------


@every_spelling
def test_signup_page_stores_the_canonical_address(client, spelling):
    assert client.post("/accounts/signup/", signup_form(spelling)).status_code == 302
    assert stored_addresses() == [CANONICAL, CANONICAL]
    client.post(link_in(letters_to(CANONICAL)[0], "/activate/"))
    for other in SPELLINGS:
        fresh = Client()
        fresh.post("/accounts/login/", {"login": other, "password": PASSWORD})
        assert "_auth_user_id" in fresh.session, other


@every_spelling
def test_register_over_the_api_stores_the_canonical_address(spelling):
    answer = Api().post("/users/register/", {"email": spelling, "password": PASSWORD})
    assert data(answer, 201)["email"] == CANONICAL
    assert stored_addresses() == [CANONICAL, CANONICAL]


@every_spelling
def test_signup_in_another_spelling_makes_no_second_account(client, spelling):
    make_person(email=CANONICAL)
    client.post("/accounts/signup/", signup_form(spelling))
    Api().post("/users/register/", {"email": spelling, "password": PASSWORD})
    assert User.objects.count() == 1


@every_bad_one
def test_signup_refuses_an_address_that_no_mail_reaches(client, spelling):
    page = client.post("/accounts/signup/", signup_form(spelling))
    assert page.context["form"].errors == {
        "email": ["Enter an e-mail address like name@example.org."]
    }
    answer = Api().post("/users/register/", {"email": spelling, "password": PASSWORD})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["email"])
    assert not User.objects.exists()


def test_signup_refuses_the_addresses_of_deleted_accounts_in_every_spelling():
    with pytest.raises(Refused, match="address_nowhere"):
        sign_up.sign_up(email="a@dele\u200bted.INVALID", password=PASSWORD, language="en")


# --- people with an account -----------------------------------------------------------------------


@every_spelling
def test_login_over_the_api_takes_every_spelling(spelling):
    make_person(email=CANONICAL)
    assert data(Api().post("/login/", {"email": spelling, "password": PASSWORD}), 200)["access"]


@every_spelling
def test_password_reset_reaches_the_owner(client, spelling):
    make_person(email=CANONICAL)
    client.post("/accounts/password/reset/", {"email": spelling})
    assert link_in(letters_to(CANONICAL)[0], "/accounts/password/reset/key/")


@every_spelling
def test_lost_activation_link_is_sent_to_the_owner(client, spelling):
    make_person(email=CANONICAL, activated=False)
    client.post("/accounts/activation/", {"email": spelling})
    assert link_in(letters_to(CANONICAL)[0], "/activate/")


@every_spelling
def test_address_change_stores_the_canonical_address(client, spelling):
    person = make_person(email="old@example.org")
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": spelling, "action_add": ""})
    assert EmailAddress.objects.get(user=person, primary=False).email == CANONICAL


@every_bad_one
def test_address_change_refuses_what_no_mail_reaches(client, spelling):
    person = make_person(email="old@example.org")
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": spelling, "action_add": ""})
    assert EmailAddress.objects.filter(user=person).count() == 1


# --- other forms ----------------------------------------------------------------------------------


@every_spelling
def test_door_staff_are_one_person_in_every_spelling(spelling):
    event, person = make_event(), make_person(email=CANONICAL)
    assert add_door_staff(event, email=spelling, by=event.organizer).person == person
    assert add_door_staff(event, email=SPELLINGS[1], by=event.organizer).email == CANONICAL
    assert DoorStaff.objects.count() == 1


@every_spelling
def test_invited_door_staff_are_matched_by_their_mailbox(client, spelling):
    event = make_event()
    client.force_login(event.organizer)
    assert (
        client.post(f"/organizer/events/{event.pk}/door-staff/", {"email": spelling}).status_code
        == 302
    )
    activation.activate_by_admin(make_person(email=CANONICAL, activated=False), by=make_admin())
    assert DoorStaff.objects.get().person.email == CANONICAL


@every_spelling
def test_admin_adds_people_under_the_canonical_address(client, spelling):
    client.force_login(make_admin())
    facts = {
        "email": spelling,
        "first_name": "Maja",
        "last_name": "Lis",
        "language": "en",
        "password": PASSWORD,
    }
    assert client.post("/admin/accounts/user/add/", facts).status_code == 302
    assert EmailAddress.objects.get(user__email=spelling).email == CANONICAL


@every_spelling
def test_createsuperuser_stores_the_canonical_address(spelling, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email=spelling, interactive=False, verbosity=0)
    assert stored_addresses() == [CANONICAL, CANONICAL]
    with pytest.raises(CommandError, match="already"):
        call_command("createsuperuser", email=SPELLINGS[1], interactive=False, verbosity=0)


@every_bad_one
def test_createsuperuser_refuses_what_no_mail_reaches(spelling, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="Enter an e-mail address"):
        call_command("createsuperuser", email=spelling, interactive=False, verbosity=0)


# --- older addresses ------------------------------------------------------------------------------


def migrate_addresses():
    import_module("accounts.migrations.0005_canonical_addresses").respell(apps, None)


def test_migration_respells_an_address_that_no_other_account_has():
    person = make_person(email="t3@example.org")
    store_spelling(person, SPELLINGS[1])
    migrate_addresses()
    assert stored_addresses() == [CANONICAL, CANONICAL]
    client = Client()
    client.post("/accounts/login/", {"login": SPELLINGS[1], "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_migration_merges_no_accounts_and_counts_the_duplicates(caplog, capsys):
    owner, other, unproven = (
        make_person(email=CANONICAL),
        make_person("Lee Lis"),
        make_person("Kim Lis", activated=False),
    )
    store_spelling(other, "t3@żółć.example")
    store_spelling(unproven, "kim@ćma.example")
    migrate_addresses()
    assert sorted(stored_addresses()) == sorted(
        [CANONICAL, "t3@żółć.example", "kim@xn--ma-ula.example"] * 2
    )
    assert caplog.messages == [
        "1 accounts share a mailbox with another; manage.py duplicate_accounts lists them"
    ]
    with pytest.raises(CommandError, match="1 accounts share"):
        call_command("duplicate_accounts")
    line = f"account {other.pk} 't3@\\u017c\\xf3\\u0142\\u0107.example'"
    assert capsys.readouterr().out == f"{line} has the mailbox of account {owner.pk}\n"


def test_migration_gives_the_address_to_the_verified_account():
    older, proven = make_person(activated=False), make_person()
    store_spelling(older, "t3@żółć.example")
    store_spelling(proven, "t3@żółć.example\u200b")
    migrate_addresses()
    assert User.objects.get(email=CANONICAL) == proven


# --- older accounts that no mail reaches ----------------------------------------------------------

LOOKALIKES = [("sara@example.org", "ſara@example.org"), ("admin@example.org", "admın@example.org")]
each_pair = pytest.mark.parametrize(("ascii_one", "other"), LOOKALIKES)


@pytest.fixture
def lookalikes(ascii_one, other):
    owner, lookalike = make_person("Sara One", email=ascii_one), make_person("Sara Two")
    store_spelling(lookalike, other)
    return owner, User.objects.get(pk=lookalike.pk)


@each_pair
def test_address_leads_to_its_own_account_not_to_a_lookalike(lookalikes):
    """In capitals both are the same: a comparison in capitals would confuse them."""
    for person, right, wrong in zip(
        lookalikes, (PASSWORD, PASSWORD + "2"), (PASSWORD + "2", PASSWORD), strict=True
    ):
        person.set_password(right)
        person.save()
        for password, is_let_in in ((wrong, False), (right, True)):
            for spelling in (person.email, f" {person.email}​"):
                client = Client()
                client.post("/accounts/login/", {"login": spelling, "password": password})
                assert ("_auth_user_id" in client.session) is is_let_in
                assert client.session.get("_auth_user_id") in {None, str(person.pk)}


@each_pair
def test_door_staff_and_search_distinguish_lookalikes(client, lookalikes):
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
def test_form_answered_by_mail_refuses_what_no_mail_reaches(client, lookalikes, path):
    page = client.post(path, {"email": lookalikes[1].email})
    assert page.context["form"].errors == {
        "email": ["Enter an e-mail address like name@example.org."]
    }
    assert not Mail.objects.exists()
    client.post(path, {"email": lookalikes[0].email})
    assert [*Mail.objects.values_list("to", flat=True)] == [lookalikes[0].email]


@each_pair
def test_person_with_an_unmailable_address_can_change_it(client, lookalikes):
    person = lookalikes[1]
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    client.post(link_in(letters_to("new@example.org")[0], "/activate/"))
    person.refresh_from_db()
    assert person.email == "new@example.org"


@each_pair
def test_duplicate_accounts_lists_unmailable_accounts(capsys, lookalikes):
    with pytest.raises(CommandError, match="1 accounts"):
        call_command("duplicate_accounts")
    written = capsys.readouterr().out
    line = f"account {lookalikes[1].pk} {lookalikes[1].email!a}"
    assert written == f"{line} is at an address that no mail reaches\n"


def test_duplicate_accounts_lists_nothing_if_all_is_well(capsys):
    make_person()
    call_command("duplicate_accounts")
    assert "Every account has a mailbox of its own." in capsys.readouterr().out
