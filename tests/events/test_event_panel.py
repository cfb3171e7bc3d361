"""The organizer's panel: the list, the editor, cancelling, the live page, door staff."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from events import date_text, services
from events.forms.editor import EventForm, new_event_values, zone_choices
from events.models import DoorStaff, Event
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.markup import all_words, has_class, only, tree, words
from tests.support.page_checks import inline_code_in

pytestmark = pytest.mark.django_db
PANEL = "/organizer/"
NEW = "/organizer/events/new/"
HTMX = {"HX-Request": "true"}
TYPED = {
    "title": "Night Print",
    "description": "Bring an apron.",
    "location": "Ruska 46c",
    "start_time": "2036-12-12T18:00",
    "end_time": "2036-12-12T22:00",
    "time_zone": "Europe/Warsaw",
    "seats_limit": "24",
    "admission": "automatic",
    "hue": "cherry",
    "pattern": "tiles",
}


def edit_url(event):
    return reverse("events:edit", args=[event.pk])


def live_url(event):
    return reverse("events:live", args=[event.pk])


def cancel_url(event):
    return reverse("events:cancel", args=[event.pk])


def toasts(response):
    return all_words(response, f"//*[@id='toasts']/div[{has_class('toast')}]/p")


def errors(response):
    """Each message of the summary, as {id of the field: message}."""
    links = tree(response).xpath(f"//div[{has_class('error-summary')}]//a")
    return {link.get("href")[1:]: words(link).partition(": ")[2] for link in links}


@pytest.fixture
def organizer(client):
    person = make_organizer()
    client.force_login(person)
    return person


# --- The list ---


def panel_titles(response):
    return all_words(response, "//tbody//th//a")


def some_of_each(organizer):
    now = timezone.now()
    make_event(
        organizer=organizer, title="Draft", status="draft", start_time=now + timedelta(days=4)
    )
    make_event(organizer=organizer, title="Far", start_time=now + timedelta(days=3))
    make_event(organizer=organizer, title="Near", start_time=now + timedelta(days=1))
    make_event(organizer=organizer, title="Over", start_time=now - timedelta(days=2))
    make_event(organizer=organizer, title="Long over", start_time=now - timedelta(days=9))
    make_event(
        organizer=organizer, title="Off", status="cancelled", start_time=now + timedelta(days=2)
    )
    make_event(title="Somebody else's")


def test_panel_lists_own_events_to_come_first_then_what_is_over_newest_first(client, organizer):
    some_of_each(organizer)
    response = client.get(PANEL)
    assert panel_titles(response) == ["Near", "Off", "Far", "Draft", "Over", "Long over"]
    assert all_words(response, f"//nav[{has_class('tabs')}]/a") == [
        "All 6",
        "Published 2",
        "Drafts 1",
        "Past 2",
        "Cancelled 1",
    ]


@pytest.mark.parametrize(
    ("show", "titles"),
    [
        ("published", ["Near", "Far"]),
        ("drafts", ["Draft"]),
        ("past", ["Over", "Long over"]),
        ("cancelled", ["Off"]),
        ("nonsense", ["Near", "Off", "Far", "Draft", "Over", "Long over"]),
    ],
)
def test_panel_tabs_hold_what_they_say(client, organizer, show, titles):
    some_of_each(organizer)
    assert panel_titles(client.get(PANEL, {"show": show})) == titles


def test_panel_of_an_admin_holds_everybodys_events_with_names(client):
    make_event(title="Paweł's")
    make_event(title="Zofia's", organizer=make_organizer("Zofia Kaczmarek"))
    client.force_login(make_admin())
    response = client.get(PANEL)
    assert sorted(panel_titles(response)) == ["Paweł's", "Zofia's"]
    assert "Zofia Kaczmarek" in all_words(response, "//tbody//th//small/span")


def test_panel_of_a_newcomer_invites_to_create_an_event(client, organizer):
    response = client.get(PANEL)
    assert all_words(response, f"//div[{has_class('empty')}]/h2") == ["Create your first event"]
    assert all_words(client.get(PANEL, {"show": "past"}), f"//div[{has_class('empty')}]/h2") == [
        "Nothing here"
    ]


def test_panel_draws_the_sign_ups_of_the_last_days(client, organizer):
    event = make_event(organizer=organizer)
    make_event(organizer=organizer, title="Quiet", start_time=event.start_time + timedelta(days=1))
    for days in (0, 0, 3, 20):
        reservation = make_reservation(event)
        event.reservations.filter(pk=reservation.pk).update(
            created=timezone.now() - timedelta(days=days)
        )
    response = client.get(PANEL)
    (spark,) = tree(response).xpath("//*[name()='svg' and @class='spark']")
    assert spark.get("aria-label") == "3 sign-ups in the last 14 days"
    heights = [point.split(",")[1] for point in spark[0].get("points").split()]
    assert heights == ["26.0"] * 10 + ["14.0", "26.0", "26.0", "2.0"]
    assert "No sign-ups yet" in all_words(response, "//tbody/tr[2]")[0]


def test_panel_tells_who_had_a_spot_at_a_cancelled_event(client, organizer):
    event = make_event(organizer=organizer, seats_limit=125)
    for status in ("confirmed", "confirmed", "pending"):
        make_reservation(event, status=status)
    services.cancel(event, by=organizer, message="")
    response = client.get(PANEL)
    assert all_words(response, "//tbody/tr/td[2]") == ["2 people had a spot"]
    assert tree(response).xpath("//tbody//*[name()='svg' and (@role='img')]") == []


def test_panel_sends_nobody_to_decide_about_an_event_that_is_over(client, organizer):
    ahead, over = (
        make_event(organizer=organizer, title="Ahead"),
        make_event(organizer=organizer, title="Over"),
    )
    for event in (ahead, over):
        make_reservation(event)
    Event.objects.filter(pk=over.pk).update(
        start_time=timezone.now() - timedelta(days=2), end_time=timezone.now() - timedelta(days=1)
    )
    response = client.get(PANEL)
    assert all_words(response, "//tbody/tr/td[2]//a") == ["1 pending"]
    assert len(tree(response).xpath("//*[name()='svg' and @class='spark']")) == 1


def test_new_events_do_not_all_look_alike():
    assert (
        len({(guess["hue"], guess["pattern"]) for guess in (new_event_values() for _ in range(40))})
        > 1
    )


def test_panel_offers_what_fits_the_life_of_an_event(client, organizer):
    some_of_each(organizer)
    response = client.get(PANEL)
    first = [all_words(response, f"//tbody/tr[{row}]//td[last()]/div/a") for row in range(1, 7)]
    assert first == [["Queue"], ["Results"], ["Queue"], ["Continue"], ["Results"], ["Results"]]
    assert "Publish" in all_words(response, "//tbody/tr[4]//td[last()]")[0]
    assert "Cancel event" not in all_words(response, "//tbody/tr[2]//td[last()]")[0]


# --- The editor ---


def test_new_event_form_proposes_next_saturday_evening(client, organizer):
    guess = new_event_values()
    assert (guess["start_time"].weekday(), guess["start_time"].hour, guess["end_time"].hour) == (
        5,
        18,
        20,
    )
    assert (
        timezone.localdate()
        < guess["start_time"].date()
        <= timezone.localdate() + timedelta(days=7)
    )
    response = client.get(NEW)
    assert (
        only(response, "//input[@name='start_time']").get("value")
        == f"{guess['start_time']:%Y-%m-%dT%H:%M}"
    )
    assert (
        only(response, "//select[@name='time_zone']//option[@selected]").get("value")
        == "Europe/Warsaw"
    )
    assert only(response, "//input[@name='admission' and @checked]").get("value") == "approval"
    assert all_words(response, f"//div[{has_class('action-bar')}]//*[{has_class('button')}]") == [
        "Publish",
        "Save draft",
    ]


def test_saving_a_new_event_makes_a_draft_on_the_clock_of_its_zone(client, organizer):
    response = client.post(NEW, {**TYPED, "time_zone": "America/New_York", "action": "save"})
    event = Event.objects.get()
    assert response.url == edit_url(event)
    assert (event.status, event.organizer, event.seats_limit, event.admission) == (
        "draft",
        organizer,
        24,
        "automatic",
    )
    assert (event.start_time, event.end_time) == (
        datetime(2036, 12, 12, 23, tzinfo=UTC),
        datetime(2036, 12, 13, 3, tzinfo=UTC),
    )
    again = client.get(response.url)
    assert only(again, "//input[@name='start_time']").get("value") == "2036-12-12T18:00"
    assert (
        only(again, "//select[@name='time_zone']//option[@selected]").get("value")
        == "America/New_York"
    )
    assert toasts(again) == ["Saved."]


def test_saving_says_how_many_guests_hear_of_another_time_or_place(client, organizer):
    event = make_event(organizer=organizer)
    for _ in range(2):
        make_reservation(event)
    for place, said in (
        ("Elsewhere", "Saved. 2 guests get a mail about the change."),
        ("Elsewhere", "Saved."),
    ):
        response = client.post(
            edit_url(event), {**TYPED, "location": place, "confirm_move": "on", "action": "save"}
        )
        assert toasts(client.get(response.url)) == [said]


def test_editor_asks_before_guests_get_a_mail_about_another_time_or_place(client, organizer):
    event = make_event(organizer=organizer, location="Ruska 46c")
    make_reservation(event, status="confirmed")
    make_reservation(event)
    before = event.start_time
    asked = client.post(edit_url(event), {**TYPED, "action": "save"})
    assert (asked.status_code, asked.context["form"].errors) == (422, {})
    question = words(only(asked, "//form//div[@role='alert']"))
    assert "Not saved yet: 2 guests will get a mail about the new time or place." in question
    assert (
        f"Until now: {date_text.day(event.local_start)}, {date_text.hours(event)}, Ruska 46c"
        in question
    )
    assert only(asked, "//input[@name='start_time']").get("value") == "2036-12-12T18:00"
    event.refresh_from_db()
    assert event.start_time == before
    client.post(edit_url(event), {**TYPED, "confirm_move": "on", "action": "save"})
    event.refresh_from_db()
    assert event.start_time == datetime(2036, 12, 12, 17, tzinfo=UTC)


def test_publishing_what_is_published_already_asks_before_guests_get_a_mail(client, organizer):
    """The editor was opened while the event was a draft; it was published elsewhere since."""
    event = make_event(organizer=organizer)
    make_reservation(event, status="confirmed")
    before = event.start_time
    asked = client.post(edit_url(event), {**TYPED, "action": "publish"})
    assert asked.status_code == 422
    question = words(only(asked, "//form//div[@role='alert']"))
    assert "Not saved yet: 1 guest will get a mail about the new time or place." in question
    event.refresh_from_db()
    assert event.start_time == before
    said = client.post(edit_url(event), {**TYPED, "confirm_move": "on", "action": "publish"})
    event.refresh_from_db()
    assert event.start_time == datetime(2036, 12, 12, 17, tzinfo=UTC)
    assert toasts(client.get(said.url)) == ["Saved. 1 guest gets a mail about the change."]


def test_publishing_what_is_published_already_into_the_past_can_be_confirmed(client, organizer):
    event = make_event(organizer=organizer)
    past = {"start_time": "2020-01-10T18:00", "end_time": "2020-01-10T22:00", "action": "publish"}
    assert client.post(edit_url(event), {**TYPED, **past}).status_code == 422
    assert client.post(edit_url(event), {**TYPED, **past, "confirm_past": "on"}).status_code == 302


@pytest.mark.parametrize("status", ["draft", "published"])
def test_editor_asks_nothing_where_nobody_gets_a_mail(client, organizer, status):
    event = make_event(organizer=organizer, status=status)
    response = client.post(edit_url(event), {**TYPED, "action": "save"})
    assert (response.status_code, toasts(client.get(response.url))) == (302, ["Saved."])


def test_editor_asks_nothing_about_other_words(client, organizer):
    event = make_event(organizer=organizer)
    make_reservation(event)
    same = {"location": event.location} | {
        f"{end}_time": getattr(event, f"local_{end}").strftime("%Y-%m-%dT%H:%M")
        for end in ("start", "end")
    }
    response = client.post(
        edit_url(event), {**TYPED, **same, "description": "Bring a friend.", "action": "save"}
    )
    assert (response.status_code, toasts(client.get(response.url))) == (302, ["Saved."])


def test_publishing_a_new_event_opens_it_at_once(client, organizer):
    response = client.post(NEW, {**TYPED, "action": "publish"})
    event = Event.objects.get()
    assert (response.url, event.status) == (live_url(event), "published")


def test_editing_changes_what_was_typed_and_nothing_else(client, organizer):
    event = make_event(organizer=organizer)
    reservation = make_reservation(event, status="confirmed")
    response = client.post(
        edit_url(event),
        {
            **TYPED,
            "status": "cancelled",
            "organizer": reservation.person_id,
            "confirmed_count": "9",
            "confirm_move": "on",
            "action": "save",
        },
    )
    assert response.url == edit_url(event)
    event.refresh_from_db()
    assert (
        event.title,
        event.description,
        event.status,
        event.organizer,
        event.confirmed_count,
    ) == (
        "Night Print",
        "Bring an apron.",
        "published",
        organizer,
        1,
    )
    assert event.start_time == datetime(2036, 12, 12, 17, tzinfo=UTC)


def test_moving_an_event_to_another_zone_keeps_the_hour_on_the_wall(client, organizer):
    event = make_event(organizer=organizer, start_time=datetime(2036, 12, 12, 17, tzinfo=UTC))
    shown = tree(client.get(edit_url(event)))
    start = shown.xpath("//input[@name='start_time']")[0].get("value")
    client.post(edit_url(event), {**TYPED, "start_time": start, "time_zone": "Asia/Tokyo"})
    event.refresh_from_db()
    assert event.start_time == datetime(2036, 12, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"title": ""}, "title", "Enter what the event is called."),
        (
            {"title": "x" * 201},
            "title",
            "Ensure this value has at most 200 characters (it has 201).",
        ),
        ({"title": "\u200b\u2060"}, "title", "Enter what the event is called."),
        ({"title": "Night\nPrint"}, "title", "Write it in one line."),
        ({"location": " "}, "location", "Enter where it happens."),
        ({"location": "\u3164"}, "location", "Enter where it happens."),
        ({"seats_limit": ""}, "seats_limit", "Enter how many people can come, as a number."),
        ({"seats_limit": "many"}, "seats_limit", "Enter a number, like 24."),
        ({"seats_limit": "0"}, "seats_limit", "Ensure this value is greater than or equal to 1."),
        (
            {"seats_limit": "1000001"},
            "seats_limit",
            "Ensure this value is less than or equal to 1000000.",
        ),
        ({"start_time": ""}, "start_time", "Choose a day and a time."),
        ({"start_time": "tomorrow"}, "start_time", "Choose a day and a time."),
        ({"start_time": "0001-01-01T00:00"}, "start_time", "Enter a year between 2000 and 2199."),
        ({"end_time": "9999-12-31T23:59"}, "end_time", "Enter a year between 2000 and 2199."),
        ({"end_time": "2036-12-12T18:00"}, "end_time", "The end must be after the start."),
        ({"end_time": "2036-12-12T17:00"}, "end_time", "The end must be after the start."),
        (
            {"admission": "lottery"},
            "admission",
            "Select a valid choice. lottery is not one of the available choices.",
        ),
        (
            {"hue": "mauve"},
            "hue",
            "Select a valid choice. mauve is not one of the available choices.",
        ),
        ({"pattern": ""}, "pattern", "This field is required."),
        (
            {"start_time": "2036-03-30T02:30", "end_time": "2036-03-30T05:00"},
            "start_time",
            (
                "The clocks go forward that night, so there is no 02:30 in Europe/Warsaw. "
                "Choose a time an hour earlier or later."
            ),
        ),
        (
            {"start_time": "2036-10-25T20:00", "end_time": "2036-10-26T02:30"},
            "end_time",
            (
                "The clocks go back that night, so 02:30 happens twice in Europe/Warsaw. "
                "Choose a time an hour earlier or later."
            ),
        ),
    ],
)
def test_editor_shows_errors_beside_their_fields_and_saves_nothing(
    client, organizer, typed, field, message
):
    for headers in ({}, HTMX):
        response = client.post(NEW, {**TYPED, **typed, "action": "publish"}, headers=headers)
        assert response.status_code == 422
        assert errors(response) == {f"id_{field}": message}
        assert ("<html" in response.text) == (not headers)
        assert tree(response).xpath(f"//*[@id='id_{field}']")
    assert not Event.objects.exists()


def test_editor_accepts_a_time_that_only_another_zone_skips(client, organizer):
    client.post(
        NEW,
        {
            **TYPED,
            "start_time": "2036-03-30T02:30",
            "end_time": "2036-03-30T05:00",
            "time_zone": "Europe/London",
        },
    )
    assert Event.objects.get().start_time == datetime(2036, 3, 30, 1, 30, tzinfo=UTC)


def test_editor_keeps_the_real_length_across_a_clock_change(client, organizer):
    client.post(NEW, {**TYPED, "start_time": "2036-10-25T20:00", "end_time": "2036-10-26T04:00"})
    event = Event.objects.get()
    assert event.end_time - event.start_time == timedelta(hours=9)


def test_editor_refuses_an_unknown_zone(client, organizer):
    response = client.post(NEW, {**TYPED, "time_zone": "../../etc/passwd"})
    assert list(errors(response)) == ["id_time_zone"]


def test_editor_offers_the_zones_of_every_region():
    groups = dict(zone_choices("Asia/Tokyo"))
    assert [value for value, _name in groups["Often used"]] == [
        "Europe/Warsaw",
        "Asia/Tokyo",
        "UTC",
    ]
    assert ("America/Argentina/Buenos_Aires", "Buenos Aires, Argentina (UTC−3)") in groups[
        "America"
    ]
    assert "Asia/Tokyo" not in dict(groups["Asia"])
    assert sum(len(zones) for zones in groups.values()) > 400


def test_editor_keeps_a_zone_that_the_api_set():
    event = make_event(time_zone="CET")
    assert EventForm(instance=event).fields["time_zone"].valid_value("CET")


def test_seats_below_those_given_are_an_error_of_that_field(client, organizer):
    event = make_event(organizer=organizer)
    make_reservation(event, status="confirmed")
    make_reservation(event, status="confirmed")
    response = client.post(edit_url(event), {**TYPED, "seats_limit": "1"})
    assert (response.status_code, errors(response)) == (
        422,
        {"id_seats_limit": "2 people already have a spot. Enter 2 or more."},
    )
    event.refresh_from_db()
    assert event.seats_limit == 24


def test_editor_neither_saves_nor_publishes_a_past_event(client, organizer):
    past = {"start_time": "2020-01-01T10:00", "end_time": "2020-01-01T12:00"}
    response = client.post(NEW, {**TYPED, **past, "action": "publish"})
    assert errors(response) == {
        "id_end_time": "This event would already be over. Move its dates into the future first."
    }
    assert not Event.objects.exists()
    assert client.post(NEW, {**TYPED, **past, "action": "save"}).status_code == 302


def test_editor_heading_keeps_the_saved_title_beside_errors(client, organizer):
    event = make_event(organizer=organizer, title="Night Print")
    response = client.post(edit_url(event), {**TYPED, "title": "Day Print", "seats_limit": "x"})
    assert (
        words(only(response, "//h1")),
        only(response, "//input[@name='title']").get("value"),
    ) == ("Night Print", "Day Print")


def test_htmx_leaves_the_editor_after_a_save(client, organizer):
    response = client.post(NEW, {**TYPED, "action": "save"}, headers=HTMX)
    assert response["HX-Redirect"] == edit_url(Event.objects.get())


def test_editor_of_a_cancelled_event_has_no_form(client, organizer):
    event = make_event(organizer=organizer, status="cancelled")
    response = client.get(edit_url(event))
    assert not tree(response).xpath("//main//form")
    assert "can no longer be changed" in response.text
    refused = client.post(edit_url(event), TYPED)
    assert refused.status_code == 422
    event.refresh_from_db()
    assert event.description == ""


def test_hostile_text_stays_text_in_the_panel(client, organizer):
    client.post(
        NEW,
        {
            **TYPED,
            "title": '"><script>alert(1)</script>',
            "description": "</textarea><img onerror=x>",
            "location": "<b>",
        },
    )
    event = Event.objects.get()
    for url in (PANEL, edit_url(event), live_url(event), cancel_url(event)):
        response = client.get(url)
        assert inline_code_in(response) == []
        assert "<script>alert" not in response.text
        assert "<img onerror" not in response.text


# --- Publish and cancel ---


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


def test_cancelling_sends_everybody_home_with_the_words(client, organizer):
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


# --- Live and door staff ---


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


# --- once more ---


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
