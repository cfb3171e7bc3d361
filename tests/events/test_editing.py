"""What the editor refuses: past times, old names of zones, text that is too long."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from events import services
from events.forms.editor import EventForm, zone_choices
from events.models import Event, validate_current_zone
from tests.eventflow.api.clients import Api, data
from tests.support.factories import make_event, make_organizer, make_reservation
from tests.support.matching import first_match
from tickets.queue import decisions
from tickets.ticket.links import cancel_url

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 1, 12, tzinfo=UTC)


def typed(event, **changes):
    """The editor's form as it is filled in, with these changes."""
    form = EventForm(instance=event)
    shown = {name: form[name].value() for name in form.fields if not name.startswith("confirm_")}
    shown |= {name: shown[name].strftime("%Y-%m-%dT%H:%M") for name in ("start_time", "end_time")}
    return shown | changes


def logged_in(person):
    client = Client()
    client.force_login(person)
    return client


# --- Into the past ---


@pytest.mark.both
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (LONG_AGO, None, "start_time"),
        (LONG_AGO, LONG_AGO + timedelta(hours=2), "start_time"),
        (None, None, ""),
    ],
)
def test_published_event_moves_into_the_past_only_when_confirmed(start, end, field):
    event = make_event()
    times = {name: moment for name, moment in (("start_time", start), ("end_time", end)) if moment}
    if not field:
        assert (
            services.edit(
                event, by=event.organizer, title="Other", start_time=event.start_time
            ).title
            == "Other"
        )
        return
    with pytest.raises(Refused) as refusal:
        services.edit(event, by=event.organizer, **times)
    assert (refusal.value.code, refusal.value.field) == ("event_in_past", field)
    assert (
        services.edit(event, by=event.organizer, confirm_past=True, **times).start_time == LONG_AGO
    )


def test_event_that_is_over_is_edited_without_a_question():
    event = make_event(start_time=timezone.now() - timedelta(days=3))
    kept = services.edit(
        event,
        by=event.organizer,
        title="What it was",
        start_time=event.start_time,
        end_time=event.end_time,
    )
    assert kept.title == "What it was"


def test_draft_moves_anywhere():
    event = make_event(status=Event.Status.DRAFT)
    assert services.edit(event, by=event.organizer, start_time=LONG_AGO).start_time == LONG_AGO


def test_editor_asks_with_a_tick_before_it_moves_an_event_into_the_past():
    event = make_event()
    make_reservation(event)
    page = logged_in(event.organizer)
    path = f"/organizer/events/{event.pk}/edit/"
    assert "confirm_past" not in page.get(path).text
    asked = page.post(path, typed(event, start_time="2020-01-01T12:00"))
    assert (asked.status_code, 'name="confirm_past"' in asked.text) == (422, True)
    assert "This time is in the past" in asked.text
    assert Event.objects.get(pk=event.pk).start_time == event.start_time
    assert not Mail.objects.filter(builder__contains="moved").exists()
    done = page.post(path, typed(event, start_time="2020-01-01T12:00", confirm_past="on"))
    assert (done.status_code, Event.objects.get(pk=event.pk).start_time.year) == (302, 2020)


def test_api_refuses_until_confirm_past_is_sent():
    event = make_event()
    api, path = Api(event.organizer), f"/events/organizer/{event.pk}/edit/"
    refused = api.patch(path, {"start_time": "2020-01-01T12:00:00Z"})
    assert (refused.status_code, refused.json()["code"], [*refused.json()["errors"]]) == (
        400,
        "event_in_past",
        ["start_time"],
    )
    assert "confirm_past" not in data(
        api.patch(path, {"start_time": "2020-01-01T12:00:00Z", "confirm_past": True})
    )
    assert Event.objects.get(pk=event.pk).start_time == LONG_AGO


# --- After the end ---


@pytest.fixture(params=["confirmed", "pending"])
def late(request):
    """A reservation of an event that has ended."""
    event = make_event()
    reservation = make_reservation(event, status=request.param)
    start = timezone.now() - timedelta(hours=5)
    Event.objects.filter(pk=event.pk).update(start_time=start, end_time=start + timedelta(hours=4))
    reservation.event.refresh_from_db()
    return reservation


@pytest.mark.both
def test_guest_cannot_cancel_after_the_end(late):
    page = logged_in(late.person)
    words = "This event is over, so a reservation can no longer be cancelled."
    assert words in page.get(f"/reservations/{late.pk}/cancel/").text
    assert words in page.post(f"/reservations/{late.pk}/cancel/", follow=True).text
    mailed = Client().post(urlsplit(cancel_url(late)).path)
    assert (mailed.status_code, words in mailed.text) == (409, True)
    answer = Api(late.person).delete(f"/reservations/{late.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (400, "event_over")
    before = late.status
    late.refresh_from_db()
    assert late.status == before


@pytest.mark.both
def test_organizer_can_reject_after_the_end(late):
    assert decisions.reject(late, by=late.event.organizer).is_rejected


def test_pending_guest_is_mailed_after_the_end(late):
    page = logged_in(late.person)
    shown = [
        page.get(late.event.get_absolute_url()).text,
        page.get("/reservations/", {"show": "past"}).text,
    ]
    waited = "You were still in the queue when it ended."
    assert [waited in text for text in shown] == [late.is_pending] * 2


# --- Time zones ---

OLD = [
    "localtime",
    "Factory",
    "posixrules",
    "Asia/Calcutta",
    "Europe/Kiev",
    "US/Eastern",
    "EST",
    "Poland",
    "GB",
    "America/Coral_Harbour",
]


@pytest.mark.parametrize("name", OLD)
def test_zone_without_a_place_or_with_an_old_name_is_refused(name):
    with pytest.raises(ValidationError):
        validate_current_zone(name)
    event = make_event(status=Event.Status.DRAFT)
    answer = Api(event.organizer).patch(f"/events/organizer/{event.pk}/edit/", {"time_zone": name})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["time_zone"])
    assert "time_zone" in EventForm(typed(event, time_zone=name), instance=event).errors
    assert name not in {value for _, zones in zone_choices() for value, _ in zones}


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Warsaw",
        "Europe/Kyiv",
        "Asia/Kolkata",
        "America/Argentina/Buenos_Aires",
        "Europe/Oslo",
        "UTC",
    ],
)
def test_zone_of_a_place_is_taken(name):
    validate_current_zone(name)
    event = make_event(status=Event.Status.DRAFT)
    assert EventForm(typed(event, time_zone=name), instance=event).is_valid()


@pytest.mark.parametrize("name", ["Asia/Calcutta", "Europe/Kiev"])
def test_event_with_an_old_name_of_its_zone_keeps_it(name):
    event = make_event(time_zone=name, organizer=make_organizer())
    assert EventForm(typed(event, title="New"), instance=event).is_valid()
    api = Api(event.organizer)
    assert (
        data(api.patch(f"/events/organizer/{event.pk}/edit/", {"title": "New", "time_zone": name}))[
            "time_zone"
        ]
        == name
    )


# --- Text that is too long ---


@pytest.mark.parametrize(
    ("field", "most"), [("title", 200), ("location", 200), ("description", 20_000)]
)
def test_editor_says_what_is_too_long_and_keeps_it(field, most):
    event = make_event(status=Event.Status.DRAFT)
    page, text = logged_in(event.organizer), "Ż" * (most + 14)
    path = f"/organizer/events/{event.pk}/edit/"
    element = rf'<(?:input|textarea)[^>]* name="{field}"[^>]*>'
    assert "maxlength" not in first_match(element, page.get(path).text)[0]
    answer = page.post(path, typed(event, **{field: text}))
    assert answer.status_code == 422
    assert f"at most {most} characters (it has {most + 14})" in answer.text
    assert text in answer.text
