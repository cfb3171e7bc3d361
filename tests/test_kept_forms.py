"""A form that was filled in when its session had ended: nothing is done, and nothing is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import serializers
from django.test import Client
from django.urls import reverse

from accounts.models import User
from events.models import DoorStaff, Event
from tests import sessions
from tests.factories import PASSWORD, make_admin, make_event, make_person, make_reservation
from tests.markup import tree
from tickets.models import Announcement, Gate, Reservation

pytestmark = pytest.mark.django_db
WORDS = "Żółć & “words”\n\nsecond <line>"
LINE = "Żółć & “words” <b>"
KEY = "00000000-0000-4000-8000-000000000000"
EVENT = {
    "title": LINE,
    "description": WORDS,
    "location": "Ruska 46c",
    "start_time": "2031-05-01T18:00",
    "end_time": "2031-05-01T20:00",
    "time_zone": "Europe/Warsaw",
    "seats_limit": "24",
    "admission": "approval",
    "hue": "cherry",
    "pattern": "tiles",
    "action": "save",
}
MESSAGE = {"audience": "all", "subject": LINE, "body": WORDS, "key": KEY, "action": "send"}
# {what can be written: (who writes, the view, what it is about, the fields)}
FORMS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "new event": ("organizer", "events:new", "", EVENT),
    "event": ("organizer", "events:edit", "event", EVENT),
    "cancelled event": ("organizer", "events:cancel", "event", {"message": WORDS}),
    "door staff": ("organizer", "events:add_door_staff", "event", {"email": "ola@example.org"}),
    "gate": ("organizer", "tickets:doors", "event", {"name": LINE}),
    "message": ("organizer", "tickets:messages", "event", MESSAGE),
    "note": ("organizer", "tickets:note", "reservation", {"note": WORDS}),
    "reject": ("organizer", "tickets:reject", "reservation", {"message": WORDS}),
    "settings": ("guest", "accounts:settings", "", {"first_name": LINE, "last_name": "", "language": "pl"}),
    "role": ("admin", "accounts:grant_role", "guest", {"role": "organizer"}),
}
each_form = pytest.mark.parametrize("name", FORMS)


@pytest.fixture
def house() -> dict[str, Any]:
    event, guest = make_event(), make_person()
    reservation = make_reservation(event, guest)
    people = {"organizer": event.organizer, "guest": guest, "admin": make_admin()}
    return {**people, "event": event, "reservation": reservation}


def address_of(house: dict[str, Any], name: str) -> str:
    _who, view, what, _fields = FORMS[name]
    return reverse(view, args=[house[what].pk] if what else [])


def all_data() -> str:
    """Return what a form could change, without the time of the last log-in."""
    User.objects.update(last_login=None)
    kinds = (User, Event, DoorStaff, Reservation, Announcement, Gate)
    return "".join(serializers.serialize("json", kind.objects.order_by("pk")) for kind in kinds)


def fields_in(page: Any) -> Iterator[tuple[str, str]]:
    """Yield what the page's form sends again."""
    for field in tree(page).xpath("//main//form//input[@type='hidden']"):
        if field.get("name") != "csrfmiddlewaretoken":
            yield field.get("name"), field.get("value")


@each_form
def test_form_without_a_session_changes_nothing_and_keeps_its_words(client, house, name):
    path, fields, before = address_of(house, name), FORMS[name][3], all_data()
    page = client.post(path, fields)
    assert page.status_code == 401
    assert dict(fields_in(page)) == fields
    (form,) = tree(page).xpath("//main//form")
    assert (form.get("method"), form.get("action")) == ("post", path)
    assert all_data() == before
    # Logging in, as the page's link asks for it, sends nothing by itself.
    (link,) = tree(page).xpath("//main//form//a")
    login = {"login": house[FORMS[name][0]].email, "password": PASSWORD}
    assert client.post(link.get("href"), login).status_code == 302
    assert all_data() == before


@each_form
def test_form_that_was_kept_goes_through_after_the_log_in(house, name):
    """The log-in made the page's token old: the words stand in one more page, and then arrive."""
    client = Client(enforce_csrf_checks=True)
    path, fields = address_of(house, name), FORMS[name][3]
    token = tree(client.get(reverse("account_login"))).xpath("//input[@name='csrfmiddlewaretoken']")
    old = {"csrfmiddlewaretoken": token[0].get("value")}
    kept = dict(fields_in(client.post(path, fields | old)))
    sessions.log_in(client, house[FORMS[name][0]])
    before = all_data()
    client.cookies["csrftoken"] = "n" * 32
    headers = {"Origin": "http://testserver"}
    page = client.post(path, kept | old, headers=headers)
    assert (page.status_code, dict(fields_in(page))) == (403, fields)
    assert all_data() == before
    (token,) = tree(page).xpath("//main//input[@name='csrfmiddlewaretoken']")
    client.cookies["csrftoken"] = page.cookies["csrftoken"].value
    new = {"csrfmiddlewaretoken": token.get("value")}
    answer = client.post(path, dict(fields_in(page)) | new, headers=headers)
    assert answer.status_code in {200, 302}
    assert all_data() != before


@each_form
def test_htmx_form_without_a_session_leaves_the_page_as_it_is(client, house, name):
    path, fields, before = address_of(house, name), FORMS[name][3], all_data()
    answer = client.post(path, fields, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer
    assert all_data() == before


@pytest.mark.parametrize(
    ("view", "fields"),
    [
        ("accounts:delete", {"password": "violet harbour lantern"}),
        ("account_change_password", {"oldpassword": "a secret", "password1": "b secret"}),
        ("mfa_activate_totp", {"code": "123456"}),
        ("mfa_reauthenticate", {"code": "a-recovery-code"}),
        ("tickets:check_in", {"code": "7K4M-2QXD"}),
    ],
)
def test_passwords_and_codes_are_kept_nowhere(client, house, view, fields):
    args = [house["event"].pk] if view == "tickets:check_in" else []
    answer = client.post(reverse(view, args=args), fields)
    assert answer.status_code == 302
    assert not any(value in answer.text + answer.url for value in fields.values())


BACKGROUND = {
    "queue": ("tickets:queue", "event"),
    "arrivals": ("tickets:arrivals", "event"),
    "doors": ("tickets:doors", "event"),
    "ticket": ("tickets:ticket", "reservation"),
}


@pytest.mark.parametrize("name", BACKGROUND)
def test_page_that_asks_by_itself_without_a_session_is_not_led_away(client, house, name):
    view, what = BACKGROUND[name]
    page = f"/organizer/events/{house['event'].pk}/queue/?state=all"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}", "X-Asked-By-Itself": "true"}
    answer = client.get(reverse(view, args=[house[what].pk]), headers=headers)
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer
    (link,) = tree(answer).xpath("//*[@id='toasts']//a")
    assert link.get("href").startswith("/accounts/login/?next=/organizer/events/")
    assert "what you typed stays" in answer.text
