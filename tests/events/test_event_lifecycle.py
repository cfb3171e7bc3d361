"""Publish, cancel and duplicate an event; its live page and door staff."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from events.models import DoorStaff, Event
from tests.support.factories import (
    make_admin,
    make_event,
    make_person,
    make_reservation,
)
from tests.support.markup import all_words, has_class, only, tree, words
from tests.support.panel_pages import (
    cancel_url,
    edit_url,
    live_url,
    toasts,
)

pytestmark = pytest.mark.django_db


def test_publishing_from_the_panel_opens_a_draft(client, organizer):
    event = make_event(organizer=organizer, status="draft")
    response = client.post(reverse("events:publish", args=[event.pk]), follow=True)
    assert response.redirect_chain == [(live_url(event), 302)]
    assert toasts(response) == ["Published. People can reserve now."]
    event.refresh_from_db()
    assert event.is_published


def test_publishing_what_is_over_says_why_not(client, organizer):
    event = make_event(
        organizer=organizer, status="draft", start_time=timezone.now() - timedelta(days=2)
    )
    response = client.post(reverse("events:publish", args=[event.pk]), follow=True)
    assert response.redirect_chain == [(edit_url(event), 302)]
    assert toasts(response) == [
        "This event would already be over. Move its dates into the future first."
    ]
    event.refresh_from_db()
    assert event.is_draft


def test_cancel_question_counts_the_guests(client, organizer):
    event = make_event(organizer=organizer)
    make_reservation(event, status="confirmed")
    make_reservation(event)
    make_reservation(event)
    for url in (cancel_url(event), edit_url(event), live_url(event)):
        response = client.get(url)
        form = only(response, f"//form[@action='{cancel_url(event)}']")
        said = words(form.getparent())
        # A word joiner, so that no line ends after the hyphen.
        assert (
            "1 confirmed guest and 2 people in the queue get an e-\u2060mail, "
            "and all tickets stop working. This can’t be undone." in said
        )
        assert words(form.xpath(".//button[last()]")[-1]) == "Cancel event and notify 3 people"
    event.refresh_from_db()
    assert event.is_published


@pytest.mark.both
def test_cancel_rejects_every_active_reservation_with_the_message(client, organizer):
    event = make_event(organizer=organizer)
    reservation = make_reservation(event, status="confirmed")
    response = client.post(cancel_url(event), {"message": " The heating broke. "})
    assert response.url == live_url(event)
    event.refresh_from_db()
    reservation.refresh_from_db()
    assert (event.status, event.cancel_message, reservation.status) == (
        "cancelled",
        "The heating broke.",
        "rejected",
    )
    assert "You wrote: The heating broke." in words(tree(client.get(live_url(event))))


def test_cancel_with_a_too_long_message_cancels_nothing(client, organizer):
    event = make_event(organizer=organizer)
    response = client.post(cancel_url(event), {"message": "x" * 2001})
    assert response.status_code == 422
    assert tree(response).xpath(f"//p[{has_class('field__error')}]")
    event.refresh_from_db()
    assert event.is_published


def test_live_page_shows_four_numbers_and_connects_its_socket(client, organizer):
    event = make_event(
        organizer=organizer, seats_limit=10, confirmed_count=6, pending_count=2, checked_in_count=4
    )
    page = tree(client.get(live_url(event)))
    numbers = {data.get("id"): data.get("value") for data in page.xpath("//dl//data")}
    assert numbers == {
        "live-checked-in": "4",
        "live-confirmed": "6",
        "live-pending": "2",
        "live-spots-left": "4",
        "live-seats-limit": "10",
    }
    bar = [
        (rect.get("class"), rect.get("x"), rect.get("width"))
        for rect in page.xpath("//*[@id='live-bar-door']/rect")
    ]
    assert bar == [
        ("fill-checked", "0.0%", "40.0%"),
        ("fill-confirmed", "40.0%", "20.0%"),
        ("fill-pending", "60.0%", "20.0%"),
    ]
    parts = "checked-in,confirmed,pending,spots-left,seats-limit,bar-door"
    assert [one.get("ws-connect") for one in page.xpath("//*[@ws-connect]")] == [
        f"/ws/events/{event.pk}/?format=html&parts={parts}"
    ]


def test_door_staff_is_added_by_address_and_removed(client, organizer):
    event, person = (
        make_event(organizer=organizer),
        make_person("Tomasz Zieliński", email="door@example.org"),
    )
    response = client.post(
        reverse("events:add_door_staff", args=[event.pk]),
        {"email": "Door@Example.org"},
        follow=True,
    )
    assert toasts(response) == ["door@example.org is invited."]
    staff = DoorStaff.objects.get()
    assert (staff.event, staff.person, staff.added_by) == (event, person, organizer)
    assert "door@example.org" in words(only(response, "//*[@id='door-staff']"))
    response = client.post(reverse("events:remove_door_staff", args=[staff.pk]), follow=True)
    assert toasts(response) == ["door@example.org is no longer door staff."]
    assert not DoorStaff.objects.exists()
    assert User.objects.filter(pk=person.pk).exists()


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("no address", "Error: Enter an e-mail address like name@example.org."),
        ("", "Error: Enter their address."),
    ],
)
def test_door_staff_that_cannot_be_added_is_an_error_of_the_field(
    client, organizer, email, message
):
    event = make_event(organizer=organizer)
    response = client.post(reverse("events:add_door_staff", args=[event.pk]), {"email": email})
    assert response.status_code == 422
    assert all_words(response, f"//*[@id='door-staff']//p[{has_class('field__error')}]") == [
        message
    ]
    assert only(response, "//input[@name='email']").get("value", "") == email
    assert not DoorStaff.objects.exists()


@pytest.mark.both
def test_duplicate_makes_a_draft_that_says_the_same_in_the_future(client):
    start = datetime(2024, 3, 27, 18, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
    old = make_event(
        start_time=start,
        title="Choir",
        description="Sing",
        admission="automatic",
        seats_limit=7,
        hue="plum",
    )
    make_reservation(make_event(organizer=old.organizer))
    Event.objects.filter(pk=old.pk).update(status="cancelled", confirmed_count=3, pending_count=2)
    client.force_login(old.organizer)
    response = client.post(reverse("events:duplicate", args=[old.pk]), follow=True)
    copy = Event.objects.latest("pk")
    assert response.redirect_chain == [(reverse("events:edit", args=[copy.pk]), 302)]
    assert "This is a copy, as a draft." in response.text
    assert (
        copy.status,
        copy.title,
        copy.description,
        copy.admission,
        copy.seats_limit,
        copy.hue,
    ) == (
        "draft",
        "Choir",
        "Sing",
        "automatic",
        7,
        "plum",
    )
    assert (copy.confirmed_count, copy.pending_count, copy.organizer) == (0, 0, old.organizer)
    # The same weekday and the same time on the wall, although the clocks have changed since.
    assert (copy.local_start.weekday(), f"{copy.local_start:%H:%M}", f"{copy.local_end:%H:%M}") == (
        start.weekday(),
        "18:30",
        "22:30",
    )
    assert timedelta() < copy.start_time - timezone.now() <= timedelta(weeks=1)


def test_duplicate_of_an_event_to_come_is_a_week_later(client):
    event = make_event()
    client.force_login(event.organizer)
    client.post(reverse("events:duplicate", args=[event.pk]))
    assert Event.objects.latest("pk").local_start.date() == event.local_start.date() + timedelta(
        weeks=1
    )


def test_duplicate_by_an_admin_stays_the_organizers(client):
    event = make_event()
    client.force_login(make_admin())
    client.post(reverse("events:duplicate", args=[event.pk]))
    assert Event.objects.latest("pk").organizer == event.organizer


@pytest.mark.parametrize("route", ["events:edit", "events:live"])
def test_editor_names_the_words_that_paper_tickets_leave_out(client, organizer, route):
    event = make_event(organizer=organizer, title="Night 𒀀𒀁 東京 🎉", location="𒀀<b>, Wrocław")
    path = f"//p[{has_class('notice')}]"
    told = [
        words
        for words in all_words(client.get(reverse(route, args=[event.pk])), path)
        if "Paper tickets" in words
    ]
    assert told == [
        (
            "Paper tickets have no font for these words of the title or the place, "
            "and leave them out: 𒀀𒀁 𒀀<b>,"
        )
    ]
    Event.objects.update(title="Nguyễn 東京 हिन्दी", location="Wrocław")
    assert "Paper tickets" not in client.get(reverse(route, args=[event.pk])).text
