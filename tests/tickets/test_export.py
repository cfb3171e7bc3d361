"""The guest list as a file: complete, in order, harmless in a spreadsheet, for managers only."""

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from events import services as event_services
from tests.support.check_in import check_in
from tests.support.factories import (
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tickets.models import Reservation, Ticket
from tickets.queue import export, registration

pytestmark = pytest.mark.django_db
# What a spreadsheet makes something of, and letters.
NASTY = st.text(
    st.sampled_from(list(";,\t|=+-@＝＋－＠\"'\r\n ab1ż\u00a0\u200b\ufeff\u00ad")), max_size=12
)
# What takes no room in a cell, so that programs may leave it out: a zero-width space, a byte order
# mark, a soft hyphen, a word joiner, a direction, a control character, a filler without a shape.
UNSEEN = ["\u200b", "\ufeff", "\u00ad", "\u2060", "\u200f", "\x01", "\u3164"]
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}c"


def csv_rows(client, event, separator=","):
    response = client.get(reverse("tickets:export_csv", args=[event.pk]))
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(
        csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator)
    )


def xlsx_rows(client, event):
    response = client.get(reverse("tickets:export_xlsx", args=[event.pk]))
    assert response.status_code == 200
    book = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}f")), (
        "a formula"
    )
    return [
        ["".join(cell.itertext()) for cell in row.iter(CELL)]
        for row in sheet.iter(CELL.removesuffix("c") + "row")
    ]


@pytest.fixture
def event(client):
    """Night Print with a guest in each state, and its organizer logged in."""
    start = datetime(2030, 6, 1, 16, tzinfo=UTC)
    event = make_event(start_time=start, title="Night Print: Łódź")
    for status in ("confirmed", "pending", "rejected", "cancelled"):
        make_reservation(
            event,
            make_person(f"Guest {status.title()}", email=f"{status}@example.org"),
            status=status,
        )
    inside = event.reservations.confirmed().get()
    check_in(inside, by=event.organizer)
    moment = datetime(2030, 5, 1, 10, 5, tzinfo=UTC)
    Reservation.objects.update(created=moment)
    Reservation.objects.exclude(decided_at=None).update(decided_at=moment + timedelta(hours=1))
    Ticket.objects.filter(reservation=inside).update(checked_in_at=start)
    event.reservations.pending().update(note="Vegan")
    make_reservation(make_event(), make_person("Somebody Else"))
    client.force_login(event.organizer)
    return event


@pytest.mark.both
@pytest.mark.parametrize("read", [csv_rows, xlsx_rows])
def test_export_holds_every_reservation_of_the_event(client, event, read):
    code = Ticket.objects.get().code
    reserved, decided, arrived = "2030-05-01 12:05", "2030-05-01 13:05", "2030-06-01 18:00"
    first, *rows = read(client, event)
    person, facts = first[:4], first[4:]
    assert person == ["Last name", "First name", "E-mail", "State"]
    assert facts == ["Reserved", "Decided", "Checked in", "Ticket", "Note"]
    assert [row[:4] for row in rows] == [
        [state, "Guest", f"{state.lower()}@example.org", state]
        for state in ("Confirmed", "Pending", "Rejected", "Cancelled")
    ]
    assert [row[4:] for row in rows] == [
        [reserved, decided, arrived, code, ""],
        [reserved, "", "", "", "Vegan"],
        [reserved, decided, "", "", ""],
        [reserved, "", "", "", ""],
    ]


@pytest.mark.parametrize("read", [csv_rows, xlsx_rows])
def test_export_of_a_cancelled_event_says_who_had_a_spot(client, event, read):
    event_services.cancel(event, by=event.organizer)
    states = {row[1] + " " + row[0]: row[3] for row in read(client, event)[1:]}
    assert states == {
        "Guest Confirmed": "Had a spot",
        "Guest Pending": "Was waiting",
        "Guest Rejected": "Rejected",
        "Guest Cancelled": "Cancelled",
    }


def test_export_is_named_after_the_event(client, event):
    response = client.get(reverse("tickets:export_csv", args=[event.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="guests-night-print-odz.csv"'


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+48", "-1", "@SUM(A1)"])
def test_export_writes_no_name_as_a_formula(client, name):
    event = make_event()
    guest = make_reservation(event).person
    User.objects.filter(pk=guest.pk).update(first_name=name)
    client.force_login(event.organizer)
    assert csv_rows(client, event)[1][1] == f"'{name}"
    assert xlsx_rows(client, event)[1][1] == name


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_export_writes_no_formula_after_an_invisible_character(unseen):
    for sign in ["=1", "+1", "-1", "@A", "＝1"]:
        for before in ["", "Nowak;", "a,", '"']:
            guarded = export.harmless(f"{before}{unseen}{sign}")
            assert guarded == f"{before}{unseen}'{sign}"
    for sign in ["\tA", "\rA", "\nA"]:
        assert export.harmless(f"{unseen}{sign}") == f"'{unseen}{sign}"


def test_xlsx_keeps_the_text_after_an_invisible_character(client):
    """A cell of that kind of file says itself that it is words: no apostrophe, and no formula."""
    event = make_event()
    make_reservation(event)
    event.reservations.update(note="\u200b=HYPERLINK(1)")
    client.force_login(event.organizer)
    assert xlsx_rows(client, event)[1][8] == "\u200b=HYPERLINK(1)"


@given(
    st.lists(st.lists(NASTY, min_size=9, max_size=9), min_size=1, max_size=3), st.sampled_from(",;")
)
@example(
    [
        [
            "Nowak;=HYPERLINK(1)",
            "; -2+3",
            '";"=1',
            "a|@b",
            "x\t+1",
            "a\r\n=1",
            "＝1",
            ' "=1',
            "a,'=1",
        ]
    ],
    ",",
)
@settings(deadline=None, max_examples=300)
def test_csv_has_no_cell_like_a_formula_at_any_separator(rows, separator):
    text = "".join(export.csv_line(row, separator) for row in rows)
    for split_at in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=split_at):
            for cell in row:
                seen = cell.lstrip().lstrip("\u200b\ufeff\u00ad \r\n\t\u00a0")
                assert not seen.startswith(tuple("=+-@＝＋－＠")), (split_at, cell)
    assert [len(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)] == [
        9
    ] * len(rows)


@pytest.mark.parametrize(
    "words",
    [
        "Nowak-Kowalska",
        "a@b.example",
        "C++",
        "1-2",
        "Table 5 - window",
        "żółw = ?",
        "O'Neil",
        'the "one"',
        "Mi\u00adę-dzy",
        "a; b",
        "a\r\n\tb",
    ],
)
def test_export_does_not_change_other_texts(words):
    assert export.harmless(words) == words


def test_export_is_in_the_language_of_the_reader(client, event):
    event.organizer.language = "pl"
    event.organizer.save()
    rows = csv_rows(client, event, separator=";")
    assert (rows[0][0], rows[1][3]) == ("Nazwisko", "Potwierdzona")


def test_export_is_for_those_who_manage_the_event(client, event):
    for name in ("tickets:export_csv", "tickets:export_xlsx"):
        client.force_login(make_organizer())
        assert client.get(reverse(name, args=[event.pk])).status_code == 404
        client.force_login(make_person())
        assert client.get(reverse(name, args=[event.pk])).status_code == 403
        client.logout()
        assert client.get(reverse(name, args=[event.pk])).status_code == 302


def test_export_of_an_event_without_guests_is_its_head(client):
    event = make_event()
    client.force_login(event.organizer)
    assert len(csv_rows(client, event)) == len(xlsx_rows(client, event)) == 1


@pytest.mark.both
def test_export_needs_a_query_for_some_hundred_rows_and_little_memory(django_assert_num_queries):
    event = make_event(seats_limit=5000)
    Reservation.objects.bulk_create(
        [Reservation(person=person, event=event) for person in make_people(2000)]
    )
    with django_assert_num_queries(2000 // export.CHUNK + 1):
        chunks = iter(export.csv_lines(event))
        first = next(chunks)
        assert first.count("\n") == export.CHUNK - 1
        tracemalloc.start()
        rest = sum(chunk.count("\n") for chunk in chunks)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert first.count("\n") + rest == 2001
    assert peak < 3_000_000


@pytest.mark.both
def test_export_has_each_guest_once_while_the_list_changes(monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 3)
    event = make_event()
    # All of the same moment: their order is that of their ids.
    people = [make_reservation(event) for _ in range(8)]
    event.reservations.update(created=people[0].created)
    found = export.rows(event)
    seen = [next(found) for _ in range(4)]
    registration.cancel(people[0], by=people[0].person)
    late = make_reservation(event)
    addresses = [row[2] for row in [*seen, *found]]
    assert addresses == [one.person.email for one in [*people, late]]
