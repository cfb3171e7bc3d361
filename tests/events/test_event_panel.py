"""The organizer's list of events."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import services
from events.forms.editor import new_event_values
from events.models import Event
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_reservation,
)
from tests.support.markup import all_words, has_class, tree
from tests.support.panel_pages import (
    PANEL,
)

pytestmark = pytest.mark.django_db


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


def test_panel_of_a_past_event_links_to_no_decision(client, organizer):
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
