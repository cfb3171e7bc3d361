"""Text is stored and searched in composed form (NFC), wherever it enters."""

import json
import unicodedata

import pytest

from accounts.models import User
from events.models import Event
from tests.eventflow.api.clients import Api, data
from tests.eventflow.clients import logged_in
from tests.eventflow.test_text import FOLDED
from tests.support.factories import make_admin, make_event, make_person, make_reservation
from tickets.queue import decisions

pytestmark = pytest.mark.django_db
DECOMPOSED = unicodedata.normalize("NFD", "Żółć é")
COMPOSED = "Żółć é"


def test_text_is_stored_composed_everywhere(client):
    event = make_event(status="draft")
    page, api = logged_in(event.organizer), Api(event.organizer)
    assert data(
        api.patch(
            f"/events/organizer/{event.pk}/edit/",
            {"title": DECOMPOSED, "description": DECOMPOSED, "location": DECOMPOSED},
        )
    )
    event = Event.objects.get(pk=event.pk)
    assert (event.title, event.description, event.location) == (COMPOSED, COMPOSED, COMPOSED)
    page.post(
        "/accounts/settings/",
        {
            "first_name": DECOMPOSED,
            "last_name": DECOMPOSED,
            "language": "pl",
            "organizer_mail": "daily",
        },
    )
    assert User.objects.values_list("first_name", "last_name").get(pk=event.organizer_id) == (
        COMPOSED,
        COMPOSED,
    )
    Api().post(
        "/users/register/",
        {"email": "a@example.org", "password": "three random words", "first_name": DECOMPOSED},
    )
    assert User.objects.get(email="a@example.org").first_name == COMPOSED
    guest = make_reservation(make_event(organizer=event.organizer))
    decisions.note(guest, DECOMPOSED, by=event.organizer)
    decisions.reject(guest, message=DECOMPOSED, by=event.organizer)
    guest.refresh_from_db()
    assert (guest.note, guest.message) == (COMPOSED, COMPOSED)


# U+0958 is two characters in NFC, so a text can grow by it.
GROWING = "\u0958"


@pytest.mark.parametrize(("field", "most"), [("title", 200), ("location", 200)])
def test_length_is_judged_of_the_text_as_it_is_stored(field, most):
    event = make_event(status="draft")
    api = Api(event.organizer)
    fits, over = unicodedata.normalize("NFD", "é") * most, GROWING * (most // 2 + 1)
    assert api.patch(f"/events/organizer/{event.pk}/edit/", {field: fits}).status_code == 200
    assert field in api.patch(f"/events/organizer/{event.pk}/edit/", {field: over}).json()["errors"]


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_length_of_names_is_judged_as_stored(name):
    person = make_person()
    page = logged_in(person)
    form = {"first_name": "A", "last_name": "B", "language": "en"}
    assert (
        page.post(
            "/accounts/settings/", {**form, name: unicodedata.normalize("NFD", "é") * 150}
        ).status_code
        == 302
    )
    assert (
        name
        in page.post("/accounts/settings/", {**form, name: GROWING * 100}).context["form"].errors
    )
    answer = Api().post(
        "/users/register/",
        {"email": "a@example.org", "password": "three random words", name: GROWING * 100},
    )
    assert name in answer.json()["errors"]


def test_folded_columns_hold_what_the_table_of_folding_says():
    people = [
        User(email=f"p{number}@example.org", first_name=text[:150], password="!")
        for number, (text, _) in enumerate(FOLDED)
    ]
    User.objects.bulk_create(people)
    assert json.dumps([person.first_name_folded for person in people]) == json.dumps(
        [folded for _, folded in FOLDED]
    )


@pytest.mark.parametrize(
    "text", ["a " * 1000, "a-" * 1000, "x@y " * 1000], ids=["words", "parts", "addresses"]
)
def test_text_without_end_finds_nothing_and_is_no_outage(client, text):
    """Each word is a condition, and SQLite takes 1,000 of them."""
    client.force_login(make_admin())
    lists = (
        "/administration/roles/",
        "/admin/accounts/user/",
        "/admin/tickets/reservation/",
        "/admin/eventflow/auditentry/",
    )
    assert {path: client.get(path, {"q": text}).status_code for path in lists} == dict.fromkeys(
        lists, 200
    )
