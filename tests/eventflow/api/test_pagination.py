"""Pages of every list of the API: whole, in order, and for the same price wherever they stand."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from tests.eventflow.api.clients import Api, data, refused, rows
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_people,
    make_person,
    recount,
)
from tickets.models import Reservation, Ticket

pytestmark = pytest.mark.django_db

# Who requests which list, and its statements: the person with the session, how many
# rows there are, which of them the page shows, and those; and what else the list needs.
LISTS = {
    "programme": ("stranger", "/events/", 3),
    "past": ("stranger", "/events/?past=true", 3),
    "mine": ("organizer", "/events/organizer/my-events-list/", 4),
    "metrics": ("organizer", "/events/organizer/metrics/", 4),
    "my_reservations": ("guest", "/my-reservations/", 4),
    "participants": (
        "organizer",
        "/events/{event}/participants/",
        5,
    ),  # the event, which has counted them, and the first place on the page
    "reservations": ("organizer", "/organizer/reservations/", 4),
    "people": ("admin", "/users/admin/users/", 4),
}
# The order of these is that of an index. An organizer's reservations are gathered from their events
# first.
INDEXED = [name for name in LISTS if name != "reservations"]


class Dataset:
    """An organizer's events at the same time, a guest of all, and one event with as many guests."""

    def __init__(self) -> None:
        self.organizer, self.guest, self.admin = make_organizer(), make_person(), make_admin()
        self.event = make_event(organizer=self.organizer, seats_limit=100_000)
        self.now = timezone.now()

    def fill(self, many: int) -> None:
        """`many` more rows for each list, past the services: only their number matters here."""
        for start in (self.now + timedelta(days=3), self.now - timedelta(days=3)):
            events = Event.objects.bulk_create([self.like(start) for _ in range(many)])
            self.reserve([(event, self.guest) for event in events])
        self.reserve([(self.event, person) for person in make_people(many)])

    def like(self, start):
        end = start + timedelta(hours=1)
        return Event(
            title="Print",
            location="Ruska",
            start_time=start,
            end_time=end,
            seats_limit=9,
            status="published",
            organizer=self.organizer,
        )

    def reserve(self, pairs):
        status = ("pending", "confirmed")
        made = Reservation.objects.bulk_create(
            [
                Reservation(event=event, person=person, status=status[i % 2], created=self.now)
                for i, (event, person) in enumerate(pairs)
            ]
        )
        Ticket.objects.bulk_create(
            [Ticket.issue(reservation) for reservation in made if reservation.is_confirmed]
        )
        recount()

    def api(self, name):
        """The one who asks for this list, and its path."""
        who, path, _queries = LISTS[name]
        return Api(getattr(self, who, None)), path.format(event=self.event.pk)


@pytest.fixture
def dataset():
    return Dataset()


def at(path, **query):
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{path}{'&' if '?' in path else '?'}{parameters}"


def follow(api, link):
    """The page behind a link of ours."""
    address = urlsplit(link)
    return data(api.get(f"{address.path.removeprefix('/api')}?{address.query}"))


def keys(page):
    """What tells the rows of any list apart."""
    return [
        row.get("reservation_id") or row.get("event_id") or row["id"] for row in page["results"]
    ]


# --- the shape ---


def test_page_has_twenty_rows_and_at_most_two_hundred(dataset):
    dataset.fill(205)
    api = Api()
    assert (len(rows(api.get("/events/"))), len(rows(api.get("/events/", page_size=200)))) == (
        20,
        200,
    )
    for size in (201, 1000, 10**30):
        page = data(api.get("/events/", page_size=size))
        assert (page["count"], len(page["results"]), page["previous"]) == (206, 200, None)
        assert keys(follow(api, page["next"])) == keys(
            data(api.get("/events/", page=2, page_size=200))
        )


def test_page_of_an_empty_list_is_the_only_one():
    assert data(Api().get("/events/")) == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }
    assert refused(Api().get("/events/", page=2)) == (404, "not_found")


def test_page_that_is_full_can_be_the_last(dataset):
    dataset.fill(3)
    last = data(Api().get("/events/", page=2, page_size=2))
    assert (len(last["results"]), last["next"]) == (2, None)
    for beyond in (3, 10**30):
        assert refused(Api().get("/events/", page=beyond, page_size=2)) == (404, "not_found")


OUT_OF_RANGE = [
    ("page", 0),
    ("page", -1),
    ("page", "last"),
    ("page_size", 0),
    ("page_size", "all"),
    ("page", "%00"),
]


@pytest.mark.parametrize("name", LISTS)
def test_page_parameter_out_of_range_is_refused_by_name(subtests, dataset, name):
    api, path = dataset.api(name)
    for parameter, value in OUT_OF_RANGE:
        with subtests.test(f"{parameter}={value}"):
            answer = api.get(at(path, **{parameter: value}))
            assert refused(answer) == (400, "invalid")
            assert answer.json()["errors"].keys() == {parameter}


def test_links_lead_where_the_request_came_from_and_keep_its_question(dataset):
    dataset.fill(5)
    question = {"q": "print", "location": "", "unknown": "ż&=", "page_size": "2"}
    for secure, scheme in ((False, "http"), (True, "https")):
        answer = Api().client.get(
            "/api/events/", question | {"page": "2"}, secure=secure, headers={"Host": "localhost"}
        )
        page = data(answer)
        onward, back = urlsplit(page["next"]), urlsplit(page["previous"])
        for link in (onward, back):
            assert (link.scheme, link.netloc, link.path) == (scheme, "localhost", "/api/events/")
        asked = {name: [value] for name, value in question.items()}
        assert parse_qs(onward.query, keep_blank_values=True) == asked | {"page": ["3"]}
        assert parse_qs(back.query, keep_blank_values=True) == asked


# --- the walk ---


@pytest.mark.both
@pytest.mark.parametrize("name", LISTS)
def test_walking_a_list_meets_every_row_once_though_all_are_equal(dataset, name):
    dataset.fill(11)
    api, path = dataset.api(name)
    whole = keys(data(api.get(at(path, page_size=200))))
    page = data(api.get(at(path, page_size=4)))
    forth = [keys(page)]
    while page["next"]:
        page = follow(api, page["next"])
        forth.append(keys(page))
    back = [keys(page)]
    while page["previous"]:
        page = follow(api, page["previous"])
        back.append(keys(page))
    assert [key for part in forth for key in part] == whole
    assert len(set(whole)) == len(whole) == page["count"] > 8
    assert back == forth[::-1]


# --- the price ---


def asked(api, path):
    """What one page asks the database."""
    with CaptureQueriesContext(connection) as queries:
        assert api.get(path).status_code == 200
    return [query["sql"] for query in queries]


def test_page_needs_the_same_queries_for_ten_rows_and_hundreds(dataset, subtests):
    """Hundreds are more than the longest page has. One dataset for all the lists: it is dear."""

    def asked_of(name):
        api, path = dataset.api(name)
        return asked(api, at(path, page_size=200))

    dataset.fill(10)
    few = {name: asked_of(name) for name in LISTS}
    dataset.fill(290)
    for name, (_who, _path, queries) in LISTS.items():
        with subtests.test(name):
            many = asked_of(name)
            assert (len(few[name]), len(many)) == (queries, queries), "\n".join(many)


@pytest.mark.both
@pytest.mark.parametrize("name", LISTS)
def test_page_walks_over_half_of_the_list_at_most(dataset, name):
    dataset.fill(30)
    api, path = dataset.api(name)
    count = data(api.get(at(path, page=1)))["count"]
    offsets = []
    for number in range(1, -(-count // 3) + 1):
        found = [
            int(n)
            for sql in asked(api, at(path, page_size=3, page=number))
            for n in re.findall(r"OFFSET (\d+)", sql)
        ]
        offsets.append(sum(found))
    assert max(offsets) <= count / 2
    assert max(offsets) > count / 3  # they are read off the right queries
    assert (offsets[0], offsets[-1]) == (0, 0)


@pytest.mark.postgresql
@pytest.mark.parametrize("name", INDEXED)
def test_which_rows_a_page_shows_is_read_from_an_index_alone(dataset, name):
    """In its order, so without sorting, and without the rows, which are many times larger."""
    dataset.fill(30)
    api, path = dataset.api(name)
    for number in (1, 5, 6):
        (sql,) = [
            sql
            for sql in asked(api, at(path, page_size=5, page=number))
            if re.search(r" LIMIT 5\b", sql)
        ]
        assert nodes(plan(sql)) == ["Limit", "Index Only Scan"], sql


@pytest.mark.postgresql
def test_past_events_are_found_without_walking_over_upcoming_ones(dataset):
    dataset.fill(30)
    api, path = dataset.api("past")
    (sql,) = [sql for sql in asked(api, path) if re.search(r" LIMIT 20\b", sql)]
    assert "start_time <" in plan(sql)["Plans"][0]["Index Cond"]


def plan(sql):
    """PostgreSQL's plan after VACUUM, when it may not read a whole small table."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
            "SET LOCAL enable_sort = off"
        )
        cursor.execute("UPDATE pg_class SET relallvisible = 1000000 WHERE relkind = 'r'")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        found = cursor.fetchone()[0]
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def nodes(step):
    return [step["Node Type"], *(node for inner in step.get("Plans", []) for node in nodes(inner))]
