"""Times are right in zones east and west of UTC, over both changes of their clocks."""

import random
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from eventflow.core.errors import Refused
from events import date_text, services
from events.forms.editor import EventForm
from events.models import Event
from tests.eventflow.api.clients import Api
from tests.support.factories import make_event, make_organizer

pytestmark = pytest.mark.django_db
# Hours, half an hour (Lord Howe), three quarters off (Chatham), across the date line (Apia), winter
# as the exception (Dublin, Casablanca), none.
ZONES = [
    "Europe/Warsaw",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "America/St_Johns",
]
ZONES += ["Europe/Dublin", "Africa/Casablanca", "Asia/Kolkata", "America/Santiago", "UTC"]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# A database is given moments in UTC and never a zone: one on the other side of the date line shows
# whether it keeps them.
ZONES_OF_BOTH = {"Pacific/Apia"}
every_zone = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.both if name in ZONES_OF_BOTH else ()) for name in ZONES],
)


@cache
def changes(zone):
    """The moments of 2027 at which clocks of this zone change; the start of 2027 if none does."""
    hours = [datetime(2027, 1, 1, tzinfo=UTC) + i * HOUR / 2 for i in range(2 * 24 * 365)]
    offsets = [moment.astimezone(zone).utcoffset() for moment in hours]
    return [hours[i] for i in range(1, len(hours)) if offsets[i] != offsets[i - 1]] or hours[:1]


def pairs(name, how_many):
    """Moments within three hours of a change, on the clock of the zone."""
    zone, draw = ZoneInfo(name), random.Random(name)
    around = changes(zone)
    for _ in range(how_many):
        start = draw.choice(around) + draw.randint(-180, 180) * MINUTE
        yield start.astimezone(zone), (start + draw.randint(-180, 180) * MINUTE).astimezone(zone)


def fields(start, end, name):
    return {
        "title": "T",
        "location": "P",
        "start_time": start,
        "end_time": end,
        "time_zone": name,
        "seats_limit": 9,
    }


def outcome(attempt):
    try:
        return attempt()
    except Refused as refusal:
        return refusal.code


# --- The end is after the start -------------------------------------------------------------------


@every_zone
def test_service_compares_times_in_utc(name):
    organizer, event = make_organizer(), make_event(status=Event.Status.DRAFT)
    for start, end in pairs(name, 20):
        lasts = end.astimezone(UTC) > start.astimezone(UTC)
        made = outcome(lambda: services.create(by=organizer, **fields(start, end, name)))  # noqa: B023
        kept = outcome(lambda: services.edit(event, by=organizer, start_time=start, end_time=end))  # noqa: B023
        if not lasts:
            assert (made, kept) == ("bad_times", "bad_times"), (start, end)
            continue
        for row in (Event.objects.get(pk=made.pk), kept):
            assert (row.start_time, row.duration) == (
                start.astimezone(UTC),
                end.astimezone(UTC) - start.astimezone(UTC),
            )


@every_zone
def test_api_compares_times_in_utc(name):
    organizer = make_organizer()
    api = Api(organizer)
    for start, end in pairs(name, 12):
        said = fields(start.isoformat(), end.isoformat(), name)
        answer = api.post("/events/organizer/events/create/", said)
        assert answer.status_code == (
            201 if end.astimezone(UTC) > start.astimezone(UTC) else 400
        ), said
        if answer.status_code == 201:
            row = Event.objects.get(pk=answer.json()["data"]["id"])
            assert (row.start_time, row.end_time) == (start.astimezone(UTC), end.astimezone(UTC))


@pytest.mark.both
@pytest.mark.parametrize(
    "year",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
    ],
)
def test_moments_beyond_the_calendar_are_refused(year):
    organizer = make_organizer()
    answer = Api(organizer).post(
        "/events/organizer/events/create/", fields(year, "2027-06-01T10:00Z", "Pacific/Apia")
    )
    assert (answer.status_code, "start_time" in answer.json()["errors"]) == (400, True)
    form = EventForm(fields(year[:16], "2027-06-01T10:00", "Pacific/Apia"))
    assert "start_time" in form.errors


@every_zone
def test_duplicate_is_no_shorter_than_nothing(name):
    for start, end in pairs(name, 12):
        if end.astimezone(UTC) > start.astimezone(UTC):
            event = make_event(
                start_time=start.astimezone(UTC), end_time=end.astimezone(UTC), time_zone=name
            )
            copy = Event.objects.get(pk=services.duplicate(event, by=event.organizer).pk)
            assert copy.duration > timedelta(0)
            assert copy.local_start.time() == event.local_start.time()


# --- The editor -----------------------------------------------------------------------------------


def as_shown(event):
    """What the editor's form is filled in with."""
    form = EventForm(instance=event)
    shown = {name: form[name].value() for name in form.fields if not name.startswith("confirm_")}
    return shown | {
        name: shown[name].strftime("%Y-%m-%dT%H:%M") for name in ("start_time", "end_time")
    }


@every_zone
def test_editor_keeps_moments_that_nobody_touched(client, name):
    organizer = make_organizer()
    client.force_login(organizer)
    for start, _ in pairs(name, 4):
        event = make_event(
            organizer=organizer,
            start_time=start.astimezone(UTC) + timedelta(seconds=30),
            end_time=start.astimezone(UTC) + 4 * HOUR,
            time_zone=name,
        )
        answer = client.post(
            f"/organizer/events/{event.pk}/edit/", as_shown(event) | {"title": "Only the title"}
        )
        assert answer.status_code == 302, start
        kept = Event.objects.get(pk=event.pk)
        assert (kept.title, kept.start_time, kept.end_time) == (
            "Only the title",
            event.start_time,
            event.end_time,
        )


def test_editor_reads_a_time_in_another_zone_anew():
    event = make_event(
        start_time=datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        end_time=datetime(2027, 10, 31, 9, tzinfo=UTC),
    )
    form = EventForm(as_shown(event) | {"time_zone": "Asia/Tokyo"}, instance=event)
    assert form.is_valid()
    assert form.cleaned_data["start_time"] == datetime(2027, 10, 30, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2027-10-31T02:15", "happens twice in Europe/Warsaw"),
        ("2027-03-28T02:15", "there is no 02:15 in Europe/Warsaw"),
    ],
)
def test_times_that_are_none_or_two_are_refused(typed, said):
    event = make_event(
        start_time=datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        end_time=datetime(2027, 10, 31, 9, tzinfo=UTC),
    )
    form = EventForm(as_shown(event) | {"start_time": typed}, instance=event)
    assert said in form.errors["start_time"][0]
    answer = Api(event.organizer).patch(
        f"/events/organizer/{event.pk}/edit/", {"start_time": typed}
    )
    assert said in answer.json()["errors"]["start_time"][0]


def test_editing_the_title_in_the_repeated_hour_moves_nobody():
    """Python calls a time in a repeated hour unequal to the same instant in another zone."""
    start = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    event = make_event(start_time=start, end_time=start + HOUR)
    kept = services.edit(
        event,
        by=event.organizer,
        title="T",
        start_time=start.astimezone(event.zone),
        end_time=event.end_time,
    )
    assert kept.sequence == 1
    again = services.edit(event, by=event.organizer, start_time=start.astimezone(event.zone))
    assert again.sequence == 1


# --- What is shown --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2036-06-07T18:00", "2036-06-07T22:00", "18:00–22:00"),
        ("2036-06-07T18:00", "2036-06-08T00:00", "18:00–00:00"),
        ("2036-06-07T21:00", "2036-06-08T04:00", "21:00–04:00"),
        ("2036-06-07T18:00", "2036-06-08T06:00", "18:00–06:00"),
        ("2036-06-07T21:00", "2036-06-08T06:30", "21:00 – Sun 8 Jun 2036, 06:30"),
        ("2036-06-07T21:00", "2036-06-08T09:00", "21:00 – Sun 8 Jun 2036, 09:00"),
        ("2036-06-07T16:00", "2036-06-08T05:00", "16:00 – Sun 8 Jun 2036, 05:00"),
        ("2036-06-07T18:00", "2036-06-08T17:00", "18:00 – Sun 8 Jun 2036, 17:00"),
        ("2036-06-07T18:00", "2036-06-08T18:00", "18:00 – Sun 8 Jun 2036, 18:00"),
        ("2036-06-07T18:00", "2036-06-09T00:00", "18:00 – Sun 8 Jun 2036, 24:00"),
        ("2036-06-07T00:00", "2036-06-08T00:00", "all day"),
        ("2036-06-07T00:00", "2036-06-10T00:00", "all day, until Mon 9 Jun 2036"),
        ("2036-06-07T00:00", "2036-06-07T12:00", "00:00–12:00"),
        # 24 hours on the clock, 25 in truth.
        ("2036-10-25T17:00", "2036-10-26T16:00", "17:00 – Sun 26 Oct 2036, 16:00"),
        ("2036-10-26T00:00", "2036-10-27T00:00", "all day"),
    ],
)
def test_hours_name_the_day_of_the_end_where_it_is_another(start, end, said):
    zone = ZoneInfo("Europe/Warsaw")
    moments = {
        name: datetime.fromisoformat(text).replace(tzinfo=zone)
        for name, text in (("start_time", start), ("end_time", end))
    }
    event = make_event(**{name: moment.astimezone(UTC) for name, moment in moments.items()})
    assert date_text.hours(event) == said
    assert date_text.hours(Event(**moments)) == said


@every_zone
def test_hours_name_the_day_by_real_length(name):
    draw = random.Random(name)
    for start, _ in pairs(name, 20):
        length = draw.randint(1, 40 * 60) * MINUTE
        event = Event(start_time=start, end_time=start.astimezone(UTC) + length, time_zone=name)
        midnight = datetime.combine(event.local_start.date() + timedelta(days=1), time.min)
        same_day = event.local_end.replace(tzinfo=None) <= midnight
        night = event.local_end.time() <= time(6) and length <= 12 * HOUR
        assert (" – " not in date_text.hours(event)) == (same_day or night), (start, length)


def test_event_until_midnight_is_not_of_the_next_day(monkeypatch):
    zone = ZoneInfo("Europe/Warsaw")
    event = make_event(
        start_time=datetime(2036, 6, 7, 18, tzinfo=zone), end_time=datetime(2036, 6, 8, tzinfo=zone)
    )
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2036, 6, 8, 8, tzinfo=zone))
    assert not event.is_today


def test_pages_and_letters_name_the_day_of_the_end(client):
    start = datetime(2036, 6, 7, 16, tzinfo=UTC)
    event = make_event(start_time=start, end_time=start + 23 * HOUR)
    page = client.get(event.get_absolute_url()).text
    assert page.count("18:00 – Sun 8 Jun 2036, 17:00") == 3
    assert 'content="Saturday, 7 June 2036, 18:00 – Sun 8 Jun 2036, 17:00, ' in page
