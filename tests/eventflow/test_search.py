"""People and events are found on both databases as people type them."""

import re
import unicodedata

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from eventflow.core.fields import folded_fields
from eventflow.core.migration_text import composed, folded, rewrite
from eventflow.core.text import fold
from events.models import Event
from tests.eventflow.api.clients import Api, data
from tests.eventflow.clients import logged_in
from tests.support.factories import make_admin, make_event, make_person, make_reservation
from tickets.models import Reservation
from tickets.queue import decisions

pytestmark = [pytest.mark.both, pytest.mark.django_db]
ZOLW, NUNEZ, ZOE = "Łukasz Żółw", "Renée Núñez", "Zoe\u0308 Lu\u0301kasz-Groß"
GUESTS = [
    ("Łukasz Żółw", {ZOLW}),
    ("ŻÓŁW", {ZOLW}),
    ("zolw", {ZOLW}),
    ("Zolw Lukasz", {ZOLW}),
    ("Żółw, Łukasz", {ZOLW}),
    ("zolw,lukasz", {ZOLW}),
    (unicodedata.normalize("NFD", "żółw"), {ZOLW}),
    ("renee nunez", {NUNEZ}),
    ("Núñez, Renée", {NUNEZ}),
    ("Zoë", {ZOE}),
    ("zoe", {ZOE}),
    ("Lúkasz", {ZOLW, ZOE}),
    ("lukasz", {ZOLW, ZOE}),
    ("gross", {ZOE}),
    ("Lukasz-Groß", {ZOE}),
    ("LUKASZ GROSS", {ZOE}),
    ("zolwik", set()),
    ("!!", set()),
    ("%%", set()),
]
EVENTS = [
    "Łódź",
    "lodz",
    "ŁÓDŹ",
    "Lodz cafe",
    "café,łódź",
    unicodedata.normalize("NFD", "café"),
    "festiwal wroclaw",
    "SOREN",
    "orsted",
]
PLACES = [
    "Wrocław",
    "wroclaw",
    "WROCŁAW",
    "wroclaw, ruska",
    unicodedata.normalize("NFD", "wrocław"),
]


@pytest.fixture
def event():
    """An event with three confirmed guests, and others that no search here finds."""
    organizer = make_person("Søren Ørsted", role="organizer")
    event = make_event(
        title="Łódź Festiwal café",
        location="Ruska 46c, Wrocław",
        description="Bring your grandmother's naïve jam.",
        organizer=organizer,
    )
    make_event(title="Morning Type", location="Kraków")
    for number, name in enumerate([ZOLW, NUNEZ, ZOE, "Jan Kowalski"]):
        make_reservation(
            event, make_person(name, email=f"guest{number}@example.org"), status="confirmed"
        )
    return event


def on_page(client, path, **query):
    """Which of the guests stand on this page."""
    page = client.get(path, query)
    assert page.status_code == 200
    text = unicodedata.normalize("NFC", page.text)
    return {
        name
        for name in (ZOLW, NUNEZ, ZOE)
        if all(unicodedata.normalize("NFC", part) in text for part in name.split())
    }


def over_api(api, path, **query):
    rows = data(api.get(path, **query))
    rows = rows["results"] if isinstance(rows, dict) else rows
    names = {f"guest{number}@example.org": name for number, name in enumerate((ZOLW, NUNEZ, ZOE))}
    return {names.get(row.get("user_email", row.get("email")), "somebody else") for row in rows}


def test_search_finds_guests_everywhere(subtests, event):
    admin, organizer = make_admin(), event.organizer
    page, desk = logged_in(organizer), logged_in(admin)
    api, admin_api = Api(organizer), Api(admin)
    queue = f"/organizer/events/{event.pk}/queue/"
    for typed, found in GUESTS:
        with subtests.test(typed):
            assert on_page(page, queue, state="all", q=typed) == found
            assert on_page(page, f"/organizer/events/{event.pk}/check-in/search/", q=typed) == found
            assert over_api(api, "/organizer/reservations/", q=typed) == found
            assert on_page(desk, "/administration/roles/", q=typed) == found
            assert over_api(admin_api, "/users/admin/users/", q=typed) == found
            assert on_page(desk, "/admin/accounts/user/", q=typed) == found
            assert on_page(desk, "/admin/tickets/reservation/", q=typed) == found


def test_search_finds_events_everywhere(subtests, event):
    for typed in EVENTS:
        with subtests.test(typed):
            page = Client().get("/", {"q": typed}).text
            assert re.findall(r'href="/events/(\d+)/"', page)[:1] == [str(event.pk)]
            rows = data(Api().get("/events/", q=typed))["results"]
            assert [row["id"] for row in rows] == [event.pk]


def test_search_finds_places_everywhere(subtests, event):
    for typed in PLACES:
        with subtests.test(typed):
            assert [*Event.objects.at(typed)] == [event]
            rows = data(Api().get("/events/", location=typed))["results"]
            assert [row["id"] for row in rows] == [event.pk]
            assert "Morning Type" not in Client().get("/", {"place": typed}).text


@pytest.mark.parametrize("typed", ["naive", "NAÏVE jam", "grandmother s"])
def test_search_finds_events_by_description(event, typed):
    assert [*Event.objects.matching(typed)] == [event]


def test_search_for_signs_alone_finds_nothing(event):
    assert not Event.objects.matching("!?").exists()
    assert not event.reservations.matching("…", "note_folded").exists()
    assert Event.objects.matching("").count() == 2


def test_search_finds_addresses_whole_and_by_parts(event):
    def found(typed):
        return {
            *event.reservations.matching(typed, "note_folded").values_list(
                "person__email", flat=True
            )
        }

    assert (
        found("GUEST1@example.org")
        == found("guest1")
        == found("núñez guest1@")
        == {"guest1@example.org"}
    )
    assert len(found("@example.org")) == len(found("example.org")) == 4
    assert found("guest1@example.com") == found("1@guest") == set()


def test_tickets_are_found_in_the_admin_by_code(event):
    desk, ticket = logged_in(make_admin()), event.tickets.first()
    for typed in (ticket.code, ticket.code.lower(), ticket.code[:6]):
        assert ticket.code in desk.get("/admin/tickets/ticket/", {"q": typed}).text
    assert ticket.code not in desk.get("/admin/tickets/ticket/", {"q": "0000-0000"}).text


# --- The columns that are searched ----------------------------------------------------------------


def assert_folded():
    for model in (User, Event, Reservation):
        for field in folded_fields(model):
            for text, found in model._base_manager.values_list(field.source, field.name):
                assert found == fold(text), (model, field.name)


def test_folded_columns_follow_every_way_of_writing(event):
    guest = event.reservations.first()
    guest.person.last_name = "Ćma"
    guest.person.save(update_fields=["last_name"])
    decisions.note(guest, "Größe", by=event.organizer)
    Event.objects.filter(pk=event.pk).update(title="Žluťoučký")
    event = Event.objects.get(pk=event.pk)
    event.description = "Kůň"
    event.save()
    User.objects.bulk_create([User(email="bulk@example.org", first_name="Bůlk", password="!")])
    User.objects.filter(email="bulk@example.org").update(last_name="Ďáblík")
    assert Event._base_manager.get(pk=event.pk).description_folded == "kun"
    assert_folded()


def test_folded_description_is_not_read_with_every_event(event):
    assert Event.objects.get(pk=event.pk).get_deferred_fields() == {"description_folded"}


def test_migration_composes_and_folds_what_was_stored_before(event):
    class Apps:
        @staticmethod
        def get_model(app, model):
            return {"user": User, "event": Event, "reservation": Reservation}[model]

    decomposed = unicodedata.normalize("NFD", "Żółć")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET last_name = %s WHERE last_name = 'Kowalski'", [decomposed]
        )
    fields = {
        "user": ["first_name", "last_name"],
        "event": ["title", "description", "location"],
        "reservation": ["note"],
    }
    for model, names in fields.items():
        # The columns as the migration that adds them leaves them.
        Apps.get_model("", model)._base_manager.update(**{f"{name}_folded": "" for name in names})
        for change in (composed, folded):
            rewrite(Apps, None, app="", model=model, names=tuple(names), change=change)
    assert User.objects.get(email="guest3@example.org").last_name == unicodedata.normalize(
        "NFC", decomposed
    )
    assert_folded()
