"""One mailbox is one account, however its address is spelled, wherever it is entered."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import activation, sign_up
from accounts.models import User
from eventflow.core.errors import Refused
from events.models import DoorStaff
from events.services import add_door_staff
from tests.accounts.spellings import CANONICAL, SPELLINGS, stored_addresses
from tests.eventflow.api.clients import Api, data
from tests.support.factories import PASSWORD, make_admin, make_event, make_person
from tests.support.mailbox import letters_to, link_in

pytestmark = pytest.mark.django_db
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


@pytest.mark.both
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


@pytest.mark.both
@every_spelling
def test_login_over_the_api_takes_every_spelling(spelling):
    make_person(email=CANONICAL)
    assert data(Api().post("/login/", {"email": spelling, "password": PASSWORD}), 200)["access"]


@pytest.mark.both
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


@pytest.mark.both
@every_spelling
def test_door_staff_are_one_person_in_every_spelling(spelling):
    event, person = make_event(), make_person(email=CANONICAL)
    assert add_door_staff(event, email=spelling, by=event.organizer).person == person
    assert add_door_staff(event, email=SPELLINGS[1], by=event.organizer).email == CANONICAL
    assert DoorStaff.objects.count() == 1


@pytest.mark.both
@every_spelling
def test_invited_door_staff_are_matched_by_their_mailbox(client, spelling):
    event = make_event()
    client.force_login(event.organizer)
    assert (
        client.post(f"/organizer/events/{event.pk}/door-staff/", {"email": spelling}).status_code
        == 302
    )
    activation.activate_by_admin(make_person(email=CANONICAL, activated=False), by=make_admin())
    assert DoorStaff.objects.get(person__email=CANONICAL)


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
