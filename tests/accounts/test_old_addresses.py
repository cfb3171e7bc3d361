"""Accounts from before addresses had one spelling, and accounts that no mail reaches."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from eventflow.mail.models import Mail
from events.services import add_door_staff
from tests.accounts.spellings import CANONICAL, SPELLINGS, stored_addresses
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db


def store_spelling(person, email):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [email, person.pk])
    EmailAddress.objects.filter(user=person).update(email=email)


# --- older addresses ------------------------------------------------------------------------------


def migrate_addresses():
    import_module("accounts.migrations.0005_canonical_addresses").respell(apps, None)


@pytest.mark.both
def test_migration_respells_an_address_that_no_other_account_has():
    person = make_person(email="t3@example.org")
    store_spelling(person, SPELLINGS[1])
    migrate_addresses()
    assert stored_addresses() == [CANONICAL, CANONICAL]
    client = Client()
    client.post("/accounts/login/", {"login": SPELLINGS[1], "password": PASSWORD})
    assert "_auth_user_id" in client.session


@pytest.mark.both
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


@pytest.mark.both
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


@pytest.mark.both
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


@pytest.mark.both
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


@pytest.mark.both
@each_pair
def test_duplicate_accounts_lists_unmailable_accounts(capsys, lookalikes):
    with pytest.raises(CommandError, match="1 accounts"):
        call_command("duplicate_accounts")
    written = capsys.readouterr().out
    line = f"account {lookalikes[1].pk} {lookalikes[1].email!a}"
    assert written == f"{line} is at an address that no mail reaches\n"


@pytest.mark.both
def test_duplicate_accounts_lists_nothing_if_all_is_well(capsys):
    make_person()
    call_command("duplicate_accounts")
    assert "Every account has a mailbox of its own." in capsys.readouterr().out
