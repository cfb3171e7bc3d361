"""Door staff is invited by e-mail address.

A person with an account has access at once, another person after the sign-up.
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from events import services
from events.models import DoorStaff, Event
from events.permissions import door_staff_events
from tests.support.factories import PASSWORD, make_event, make_organizer, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words, only, words
from tickets.checkin import devices

pytestmark = pytest.mark.django_db
ADDRESS = "basia@example.org"


@pytest.fixture
def event():
    return make_event(title="Nocny druk", organizer=make_organizer())


def sign_up_and_activate(address):
    """As the person does it; their window."""
    window = Client()
    names = {"first_name": "Basia", "last_name": "Maj", "language": "en"}
    window.post(
        reverse("account_signup"),
        {"email": address, "password1": PASSWORD, "password2": PASSWORD, **names},
    )
    activation = next(letter for letter in letters_to(address) if "Activate" in letter.subject)
    window.post(link_in(activation, "/activate/"))
    return window


def test_invited_address_becomes_door_staff_after_verification(event):
    staff = services.add_door_staff(event, email=ADDRESS.upper(), by=event.organizer)
    assert (staff.email, staff.person) == (ADDRESS, None)
    invitation = letters_to(ADDRESS)[0]
    assert invitation.subject.startswith("Help at the door of Nocny druk")
    assert link_in(invitation, "/signup/") == reverse("account_signup")

    window = sign_up_and_activate(ADDRESS)
    basia = User.objects.get(email=ADDRESS)
    assert [*door_staff_events(basia)] == [event]
    assert window.get(reverse("tickets:check_in", args=[event.pk])).status_code == 200
    assert window.get(reverse("tickets:queue", args=[event.pk])).status_code == 403


def test_sign_up_without_verification_gives_no_access(event):
    services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    names = {"first_name": "Not", "last_name": "Basia", "language": "en"}
    Client().post(
        reverse("account_signup"),
        {"email": ADDRESS, "password1": PASSWORD, "password2": PASSWORD, **names},
    )
    assert not door_staff_events(User.objects.get(email=ADDRESS)).exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [({"status": "cancelled"}, "event_cancelled"), ({"over": True}, "event_over")],
)
def test_invitation_to_a_cancelled_or_past_event_is_refused(client, event, change, code):
    if change.pop("over", False):
        change |= {
            "start_time": timezone.now() - timedelta(hours=3),
            "end_time": timezone.now() - timedelta(hours=1),
        }
    Event.objects.filter(pk=event.pk).update(**change)
    client.force_login(event.organizer)
    assert "Invite" not in all_words(
        client.get(reverse("events:live", args=[event.pk])), "//button"
    )
    refused = client.post(reverse("events:add_door_staff", args=[event.pk]), {"email": ADDRESS})
    assert (refused.status_code, letters_to(ADDRESS)) == (409, [])
    event.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    assert refusal.value.code == code


def test_withdrawn_invitation_gives_no_access(client, event):
    staff = services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    client.force_login(event.organizer)
    client.post(reverse("events:remove_door_staff", args=[staff.pk]))
    sign_up_and_activate(ADDRESS)
    assert not door_staff_events(User.objects.get(email=ADDRESS)).exists()
    # Nor is a mail that had not left yet sent.
    assert [letter.subject for letter in letters_to(ADDRESS) if "door" in letter.subject] == []


def test_invited_person_with_an_account_gets_the_link(event):
    person = make_person("Tomasz Lis", language="en")
    services.add_door_staff(event, email=person.email, by=event.organizer)
    assert link_in(letters_to(person.email)[0], "/check-in/") == reverse(
        "tickets:check_in", args=[event.pk]
    )


def test_invitation_sent_twice_changes_nothing_and_sends_one_mail(event):
    for _ in range(2):
        services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    assert (DoorStaff.objects.count(), Mail.objects.count()) == (1, 1)


def test_invitations_of_two_addresses_of_one_person_become_one(event):
    person = make_person(email="old@example.org")
    services.add_door_staff(event, email=person.email, by=event.organizer)
    services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    person.email = ADDRESS
    person.save()
    services.accept_invitations(person)
    assert [(staff.person, staff.email) for staff in DoorStaff.objects.all()] == [
        (person, "old@example.org")
    ]


def test_panel_lists_the_invited(client, event):
    services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    client.force_login(event.organizer)
    page = client.get(reverse("events:live", args=[event.pk]))
    assert f"{ADDRESS} Invited, not at the door yet" in words(only(page, "//*[@id='door-staff']"))


def invite(browser, event, email):
    url = reverse("events:add_door_staff", args=[event.pk])
    return browser.post(url, {"email": email}, follow=True)


def test_invitation_does_not_tell_whether_an_address_has_an_account(client, event):
    """Neither the answer nor the list says it, nor whose account it would be."""
    make_person("Dora Geheim", email="known@example.org")
    client.force_login(event.organizer)
    pages = []
    for email in ("known@example.org", "other@example.org"):
        page = invite(client, event, email)
        said = all_words(page, "//*[@id='toasts']/*")
        listed = words(only(page, "//*[@id='door-staff']//li"))
        pages.append((said, listed, "Dora" in page.text))
        remove = reverse("events:remove_door_staff", args=[DoorStaff.objects.get().pk])
        client.post(remove, follow=True)
    told = [(str(page).replace("known@", "").replace("other@", "")) for page in pages]
    assert told[0] == told[1]
    assert "example.org is invited." in told[0]
    assert "Dora" not in told[0]


def test_invited_person_is_named_after_their_phone_is_registered(client, event):
    person = make_person("Dora Geheim", email="known@example.org")
    staff = services.add_door_staff(event, email=person.email, by=event.organizer)
    assert staff.name == person.email
    devices.register(event, person=person)
    staff.refresh_from_db()
    assert staff.name == "Dora Geheim"
    client.force_login(event.organizer)
    assert "Dora Geheim" in client.get(reverse("events:live", args=[event.pk])).text


def test_sign_up_by_an_invitation_accepts_it(event):
    services.add_door_staff(event, email=ADDRESS, by=event.organizer)
    sign_up_and_activate(ADDRESS)
    assert DoorStaff.objects.get().name == "Basia Maj"


def test_invitations_of_an_organizer_have_a_limit(client, event, settings):
    rates = {"invite_door_staff": "2/1h/user"}
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | rates
    client.force_login(event.organizer)
    for number in range(3):
        page = invite(client, event, f"person{number}@example.com")
    assert page.status_code == 409 or "Too many attempts" in page.text
    assert DoorStaff.objects.count() == 2
