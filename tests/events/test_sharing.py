"""What messengers and search engines, which run no script, show of a link to an event."""

import pytest
from django.conf import settings
from lxml import html

from events.models import Event
from tests.support.factories import make_event, make_organizer, make_reservation

pytestmark = pytest.mark.django_db


def page_of(client, event):
    return html.fromstring(client.get(event.get_absolute_url()).text)


def graph(page):
    return {one.get("property"): one.get("content") for one in page.xpath("//meta[@property]")}


def thing(page, kind):
    """{property: value} of the microdata of this type, without what is nested in it."""
    (scope,) = page.xpath(f"//*[@itemtype='https://schema.org/{kind}']")
    own = [
        one
        for one in scope.xpath(".//*[@itemprop]")
        if one.getparent() is scope and not one.get("itemtype")
    ]
    return {one.get("itemprop"): one.get("content") or one.get("href") for one in own}


def test_link_preview_shows_title_time_place_and_cover(client):
    event = make_event(
        title="Night <Print> & more", description="Ink,\n\npaper. " * 40, hue="plum", pattern="rays"
    )
    told = graph(page_of(client, event))
    assert told["og:title"] == "Night <Print> & more"
    assert told["og:url"] == f"{settings.SITE_URL}/events/{event.pk}/"
    assert told["og:image"] == f"{settings.SITE_URL}/static/img/covers/plum-rays.png"
    assert event.location in told["og:description"]
    assert told["og:description"].endswith("…")
    assert len(told["og:description"]) < 350


def test_link_preview_has_a_cover_for_every_poster():
    for hue in Event.Hue.values:
        for pattern in Event.Pattern.values:
            picture = settings.BASE_DIR / f"static/img/covers/{hue}-{pattern}.png"
            assert picture.read_bytes()[16:24] == (1200).to_bytes(4) + (630).to_bytes(4)


def test_microdata_names_event_time_place_organizer_and_availability(client):
    event = make_event(
        seats_limit=1, organizer=make_organizer("Paweł Ostrowski"), admission="automatic"
    )
    told = thing(page_of(client, event), "Event")
    assert told["startDate"] == event.local_start.isoformat()
    assert told["endDate"] == event.local_end.isoformat()
    assert (told["name"], told["eventStatus"]) == (
        "Night Print",
        "https://schema.org/EventScheduled",
    )
    assert thing(page_of(client, event), "Place")["name"] == event.location
    assert thing(page_of(client, event), "Person") == {"name": "Paweł Ostrowski"}
    assert thing(page_of(client, event), "Offer")["availability"] == "https://schema.org/InStock"
    make_reservation(event)
    assert thing(page_of(client, event), "Offer")["availability"] == "https://schema.org/SoldOut"


def test_microdata_of_a_cancelled_event_says_cancelled(client):
    assert (
        thing(page_of(client, make_event(status="cancelled")), "Event")["eventStatus"]
        == "https://schema.org/EventCancelled"
    )


def test_link_preview_is_not_on_the_page_of_a_draft(client):
    draft = make_event(status="draft")
    client.force_login(draft.organizer)
    page = page_of(client, draft)
    assert graph(page) == {}
    assert page.xpath("//*[@itemtype]") == []


def test_microdata_leaves_out_an_organizer_without_a_name(client):
    event = make_event(organizer=make_organizer("", email="private@example.org"))
    page = client.get(event.get_absolute_url()).text
    assert "schema.org/Person" not in page
    assert "private@example.org" not in page
