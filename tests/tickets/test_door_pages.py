"""The check-in pages, with and without a script, one guest after the other."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from events.models import Event
from tests.support.check_in import check_in
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.support.markup import all_words, only, tree, words
from tests.support.page_checks import inline_code_in
from tests.tickets.door_pages import HTMX, helper_at, ticket_of
from tickets.models import Ticket
from tickets.queue import decisions, registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def reservation():
    return make_reservation(person=make_person("Łucja <b>Żółć</b>"), status="confirmed")


@pytest.fixture
def event(reservation):
    return Event.objects.get(pk=reservation.event_id)


@pytest.fixture
def staff(event, client):
    """Somebody who helps at this event's door, logged in."""
    person = helper_at(event)
    client.force_login(person)
    return person


# --- One guest ------------------------------------------------------------------------------------


def shown(response):
    """What fills the phone: which kind of answer, and its words."""
    result = only(response, "//section[contains(@class, 'result')][not(ancestor::template)]")
    return result.get("data-result"), words(result)


def test_code_shows_the_guest_and_admits_nobody(client, event, reservation, staff):
    for code in (ticket_of(reservation).code.lower(), signature.sign(ticket_of(reservation))):
        kind, said = shown(
            client.post(reverse("tickets:check_in", args=[event.pk]), {"code": code})
        )
        assert kind == "found" and "Łucja <b>Żółć</b>" in said and "0 of 1" in said
    assert not ticket_of(reservation).is_used


def test_check_in_works_without_a_script(client, event, reservation, staff):
    """Each answer holds the form that leads to the next."""
    page = client.get(reverse("tickets:check_in", args=[event.pk]))
    form = only(page, "//form[.//input[@name='code']]")
    found = client.post(form.get("action"), {"code": ticket_of(reservation).code})
    admitted = client.post(only(found, "//section//form").get("action"))
    kind, said = shown(admitted)
    assert kind == "admitted" and "Let in" in said and "1 of 1" in said
    kind, said = shown(client.post(only(found, "//section//form").get("action")))
    assert (
        kind == "already_used"
        and "Kuba Drzwi" in said
        and timezone.localtime(ticket_of(reservation).checked_in_at).strftime("%H:%M") in said
    )
    sure = {
        field.get("name"): field.get("value")
        for field in tree(admitted).xpath(
            "//section[@data-result='admitted']//input[not(@disabled)]"
        )
    }
    taken_back = client.post(only(admitted, "//section//form").get("action"), sure)
    assert shown(taken_back)[0] == "found" and not ticket_of(reservation).is_used
    assert only(taken_back, "//section//form").get("action") == only(found, "//section//form").get(
        "action"
    )


def test_check_in_by_htmx_gets_the_same_verdict_alone(client, event, reservation, staff):
    address, fields = (
        reverse("tickets:check_in", args=[event.pk]),
        {"code": ticket_of(reservation).code},
    )
    whole, alone = client.post(address, fields), client.post(address, fields, headers=HTMX)
    assert "<html" in whole.text and "<html" not in alone.text
    assert shown(whole) == shown(alone)


def test_used_ticket_offers_a_search_and_no_undo(client, event, reservation, staff):
    check_in(reservation, by=event.organizer)
    for person in (staff, event.organizer):
        client.force_login(person)
        answer = client.post(reverse("tickets:admit", args=[reservation.pk]))
        assert (shown(answer)[0], all_words(answer, "//section//form")) == ("already_used", [])
        assert "Search by name" in all_words(answer, "//section//a")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
def test_undo_from_the_search_asks_first(client, event, reservation, staff, headers):
    check_in(reservation, by=staff)
    address = reverse("tickets:undo_check_in", args=[reservation.pk])
    asked, asking = (
        client.post(address, {"from": "search"}, headers=headers),
        "//section[@data-result='ask']",
    )
    assert (asked.status_code, shown(asked)[0], ticket_of(reservation).is_used) == (
        200,
        "ask",
        True,
    )
    assert all_words(asked, f"{asking}//a | {asking}//button") == ["Keep it", "Undo"]
    sure = {
        field.get("name"): field.get("value")
        for field in tree(asked).xpath(f"{asking}//input[not(@disabled)]")
    }
    done = client.post(address, sure, headers=headers)
    assert (shown(done)[0], ticket_of(reservation).is_used) == ("found", False)


def test_undo_is_for_the_same_device_and_the_organizer(client, event, reservation, staff):
    check_in(reservation, by=event.organizer)
    address = reverse("tickets:undo_check_in", args=[reservation.pk])
    search = reverse("tickets:door_search", args=[event.pk])
    assert "Undo" not in client.get(search, {"q": "łucja"}).text
    for fields in ({}, {"sure": "1"}):
        answer = client.post(address, fields)
        assert (answer.status_code, only(answer, "//*[@data-code]").get("data-code")) == (
            409,
            "other_device",
        )
    assert ticket_of(reservation).is_used
    client.force_login(event.organizer)
    assert "Undo" in client.get(search, {"q": "łucja"}).text
    client.post(address, {"sure": "1"})
    assert not ticket_of(reservation).is_used


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
def test_refusal_shows_its_reason(client, event, reservation, staff, headers):
    answer = client.post(
        reverse("tickets:check_in", args=[event.pk]), {"code": "nonsense"}, headers=headers
    )
    assert (answer.status_code, shown(answer)[0]) == (409, "refused")
    assert only(answer, "//*[@data-code]").get("data-code") == "not_a_ticket"
    registration.cancel(reservation, by=reservation.person)
    answer = client.post(reverse("tickets:admit", args=[reservation.pk]), headers=headers)
    assert (answer.status_code, only(answer, "//*[@data-code]").get("data-code")) == (
        409,
        "not_confirmed",
    )
    answer = client.post(reverse("tickets:undo_check_in", args=[reservation.pk]), headers=headers)
    assert (answer.status_code, only(answer, "//*[@data-code]").get("data-code")) == (
        409,
        "not_checked_in",
    )


def test_next_guest_is_searched_where_the_last_one_was_found(client, event, reservation, staff):
    address = reverse("tickets:admit", args=[reservation.pk])
    for came_from, page in (("search", "tickets:door_search"), ("code", "tickets:check_in")):
        answer = client.post(address, {"from": came_from})
        assert only(answer, "//section//a[@data-focus]").get("href") == reverse(
            page, args=[event.pk]
        )


# --- The frame ------------------------------------------------------------------------------------


def test_check_in_page_is_dark_and_has_no_inline_code(client, event, reservation, staff):
    pages = [
        client.get(reverse(name, args=[event.pk]))
        for name in ("tickets:check_in", "tickets:door_search")
    ]
    pages.append(
        client.post(
            reverse("tickets:check_in", args=[event.pk]), {"code": ticket_of(reservation).code}
        )
    )
    for page in pages:
        assert only(page, "//html").get("data-theme") == "dark"
        assert inline_code_in(page) == [] and "no-store" in page["Cache-Control"]
        assert [
            words(only(page, f"//*[@id='live-{name}']")) for name in ("checked-in", "confirmed")
        ] == ["0", "1"]
        assert (
            only(page, "//main").get("ws-connect")
            == f"/ws/events/{event.pk}/?format=html&parts=checked-in,confirmed"
        )


def test_check_in_page_warns_when_the_event_is_not_today(client, event, staff):
    address = reverse("tickets:check_in", args=[event.pk])
    assert "Not today" in client.get(address).text
    Event.objects.filter(pk=event.pk).update(
        start_time=timezone.now() - timedelta(minutes=1),
        end_time=timezone.now() + timedelta(minutes=1),
    )
    assert "Not today" not in client.get(address).text
    event_services.cancel(event, by=event.organizer)
    assert "This event is cancelled" in client.get(address).text


def test_event_page_leads_door_staff_to_the_check_in_page(client, event, staff):
    page, address = (
        reverse("events:detail", args=[event.pk]),
        reverse("tickets:check_in", args=[event.pk]),
    )
    assert address in client.get(page).text
    for person in (None, make_person(), helper_at(make_event())):
        client.logout() if person is None else client.force_login(person)
        assert address not in client.get(page).text


def test_check_in_page_leads_back_to_a_page_that_the_person_may_open(client, event, staff):
    address = reverse("tickets:check_in", args=[event.pk])
    assert only(client.get(address), "//header//a").get("href") == reverse(
        "events:detail", args=[event.pk]
    )
    client.force_login(event.organizer)
    assert only(client.get(address), "//header//a").get("href") == reverse(
        "events:live", args=[event.pk]
    )


# --- Search ---------------------------------------------------------------------------------------


def test_check_in_search_by_htmx_gets_the_matches_alone(client, event, reservation, staff):
    address = reverse("tickets:door_search", args=[event.pk])
    whole, alone = (
        client.get(address, {"q": "łuc"}),
        client.get(address, {"q": "łuc"}, headers=HTMX),
    )
    assert "<html" in whole.text and "<html" not in alone.text and "HX-Request" in whole["Vary"]
    assert (
        all_words(whole, "//li")
        == all_words(alone, "//li")
        == [f"Ł< Łucja <b>Żółć</b> Ticket {ticket_of(reservation).code} Check in"]
    )


def test_check_in_search_says_who_is_inside_since_when(client, event, reservation, staff):
    check_in(reservation, by=staff, device="Gate 2")
    [hit] = all_words(
        client.get(reverse("tickets:door_search", args=[event.pk]), {"q": "łucja"}), "//li"
    )
    at = timezone.localtime(ticket_of(reservation).checked_in_at).strftime("%H:%M")
    assert f"In since {at}, by Gate 2, Kuba Drzwi" in hit and hit.endswith("Undo")


def test_check_in_search_needs_the_same_number_of_queries(
    client, staff, event, django_assert_max_num_queries
):
    address = reverse("tickets:door_search", args=[event.pk])
    client.get(address)
    with django_assert_max_num_queries(6) as before:
        client.get(address, {"q": "zz"})
    for person in make_people(15):
        decisions.confirm(registration.reserve(event.pk, person=person), by=event.organizer)
    Ticket.objects.update(checked_in_at=timezone.now(), checked_in_by=staff)
    with django_assert_max_num_queries(len(before)):
        assert len(all_words(client.get(address, {"q": "guest"}), "//li")) == 15
