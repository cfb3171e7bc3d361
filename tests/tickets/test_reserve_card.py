"""The reserve card in each of its states, the deeds behind its buttons, and the list of one's own reservations."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from events.models import Event
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, tree, words
from tests.support.page_checks import inline_code_in
from tickets.models import Reservation
from tickets.queue import decisions, registration
from tickets.queue.card import card_of
from tickets.templatetags.reserve_card import line, ordinal

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
CARD = "//section[@id='reservation']"
MINE = "/reservations/"


def reserve_url(event):
    return reverse("tickets:reserve", args=[event.pk])


def cancel_url(reservation):
    return reverse("tickets:cancel", args=[reservation.pk])


def card_url(event, seen=""):
    return reverse("tickets:card", args=[event.pk], query={"seen": seen} if seen else None)


def state(response):
    return only(response, CARD).get("data-state")


def card_words(response):
    return words(only(response, CARD))


def controls(response):
    """What can be pressed in the card, by its words."""
    return all_words(response, f"{CARD}//button | {CARD}//a[{has_class('button')}]")


def move_event(event, **times):
    """Let time pass: move the event instead of the clock."""
    Event.objects.filter(pk=event.pk).update(
        **{name: timezone.now() + delta for name, delta in times.items()}
    )


def dialog_words(response):
    return words(only(response, "//dialog[@id='cancel-dialog']"))


# --- Each state -------------------------------------------------------------------------------------------------------


def test_card_of_a_visitor_links_to_the_log_in_and_back(client):
    event = make_event()
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("signed-out", ["Log in to reserve"])
    assert (
        only(response, f"{CARD}//a[normalize-space()='Log in to reserve']").get("href")
        == f"/accounts/login/?next=/events/{event.pk}/"
    )
    assert dialog_words(response) == ""


def test_card_of_an_open_event_offers_a_spot(client):
    event = make_event(admission="automatic")
    client.force_login(make_person())
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("open", ["Reserve"])
    assert "24 spots left of 24 0 people waiting" in card_words(response)
    assert "You get your ticket at once." in card_words(response)
    form = only(response, f"{CARD}//form")
    assert (form.get("method"), form.get("action"), form.get("hx-post")) == (
        "post",
        reserve_url(event),
        reserve_url(event),
    )


def test_card_of_a_pending_guest_shows_place_and_drawing(client):
    event, person = make_event(), make_person(email="maja@example.org")
    make_reservation(event)
    make_reservation(event)
    make_reservation(event, person)
    make_reservation(event)
    client.force_login(person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("pending", ["Cancel reservation"])
    assert "3rd in the queue" in card_words(response)
    assert (
        "2 people are ahead of you. The organizer decides. We will e-mail you at maja@example.org."
        in card_words(response)
    )
    assert [circle.get("class") for circle in tree(response).xpath(f"{CARD}//circle")] == [
        "ahead",
        "ahead",
        "you",
        "behind",
    ]
    assert (only(response, CARD).get("hx-get"), only(response, CARD).get("hx-trigger")) == (
        card_url(event, "pending-3"),
        "numbers from:body",
    )
    assert "Keep my place" in dialog_words(response)


def test_card_of_a_pending_guest_of_a_full_event_names_the_queue(client):
    event, person = make_event(seats_limit=1, admission="automatic"), make_person()
    make_reservation(event)
    make_reservation(event, person)
    client.force_login(person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("queued", ["Leave the queue"])
    assert (
        "You are first in line. The event is full. If a spot frees up, the first in line gets it."
        in card_words(response)
    )
    assert dialog_words(response).startswith("Leave the queue?")


def test_card_of_a_confirmed_guest_links_to_the_ticket(client):
    reservation = make_reservation(status="confirmed")
    client.force_login(reservation.person)
    response = client.get(reservation.event.get_absolute_url())
    assert (state(response), controls(response)) == (
        "confirmed",
        ["Open my ticket", "Add to calendar", "Cancel reservation"],
    )
    assert only(response, f"{CARD}//a[normalize-space()='Open my ticket']").get("href") == reverse(
        "tickets:ticket", args=[reservation.pk]
    )
    assert only(response, "//dialog[@id='cancel-dialog']/form").get("action") == cancel_url(
        reservation
    )


def test_card_of_a_full_event_offers_the_queue(client):
    event = make_event(seats_limit=2)
    make_reservation(event, status="confirmed")
    make_reservation(event, status="confirmed")
    make_reservation(event)
    client.force_login(make_person())
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("sold-out", ["Join the queue"])
    assert "All 2 spots are taken 0 spots left of 2 1 person waiting" in card_words(response)
    client.logout()
    assert controls(client.get(event.get_absolute_url())) == ["Log in to join the queue"]


def test_card_of_a_rejected_guest_shows_the_message(client):
    reservation = make_reservation()
    decisions.reject(
        reservation, by=reservation.event.organizer, message="Only <b>members</b> tonight."
    )
    client.force_login(reservation.person)
    response = client.get(reservation.event.get_absolute_url())
    assert (state(response), controls(response)) == ("rejected", ["See other events"])
    assert "They wrote: Only <b>members</b> tonight." in card_words(response)


def test_card_of_a_cancelled_event_shows_the_message(client):
    reservation = make_reservation(status="confirmed")
    event = reservation.event
    event_services.cancel(event, by=event.organizer, message="The heating broke.")
    assert "Tickets no longer work" not in card_words(client.get(event.get_absolute_url()))
    client.force_login(reservation.person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("cancelled", ["See other events"])
    assert (
        "You had a spot. Your ticket no longer works. They wrote: The heating broke."
        in card_words(response)
    )


@pytest.mark.parametrize(
    ("status", "said"), [("confirmed", "You had a spot."), ("pending", "You were in the queue.")]
)
def test_card_of_a_cancelled_event_says_what_the_guest_had(client, status, said):
    reservation = make_reservation(status=status)
    event_services.cancel(reservation.event, by=reservation.event.organizer)
    client.force_login(reservation.person)
    assert said in card_words(client.get(reservation.event.get_absolute_url()))
    assert said in all_words(client.get(MINE), f"//li[{has_class('event-row')}]")[0]


def test_message_of_the_organizer_keeps_lines_and_links(client):
    reservation = make_reservation(status="confirmed")
    event, said = (
        reservation.event,
        "No heating.\nSee https://example.org/new?a=1&b=2\n\n<b>Sorry</b>",
    )
    event_services.cancel(event, by=event.organizer, message=said)
    other = make_reservation(person=reservation.person)
    decisions.reject(other, by=other.event.organizer, message=said)
    client.force_login(reservation.person)
    client.force_login(reservation.person)
    pages = [(event.get_absolute_url(), 1), (other.event.get_absolute_url(), 1), (MINE, 2)]
    for url, times in pages:
        page = tree(client.get(url))
        assert (
            page.xpath(f"//div[{has_class('said')}]//a/@href")
            == ["https://example.org/new?a=1&b=2"] * times
        ), url
        assert len(page.xpath(f"//div[{has_class('said')}]//br")) == times
        assert not page.xpath(f"//div[{has_class('said')}]//b")
    client.force_login(event.organizer)
    live = tree(client.get(reverse("events:live", args=[event.pk])))
    assert live.xpath(f"//div[{has_class('said')}]//a/@href") == ["https://example.org/new?a=1&b=2"]


@pytest.mark.parametrize("change", ["cancelled", "past"])
def test_event_page_after_its_end_has_no_calendar_and_no_share_button(client, change):
    event = make_event()
    before = client.get(event.get_absolute_url()).text
    assert "data-share" in before
    assert "calendar.ics" in before
    if change == "cancelled":
        event_services.cancel(event, by=event.organizer)
    else:
        now = timezone.now()
        Event.objects.filter(pk=event.pk).update(
            start_time=now - timedelta(hours=3), end_time=now - timedelta(hours=1)
        )
        event.refresh_from_db()
    client.force_login(make_person())
    after = client.get(event.get_absolute_url()).text
    assert "data-share" not in after
    assert "calendar.ics" not in after


def test_card_of_a_draft_is_a_preview(client):
    event = make_event(status="draft")
    client.force_login(event.organizer)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("draft", [])


@pytest.mark.parametrize("status", ["", "cancelled"])
def test_card_of_a_running_event_offers_no_reservation(client, status):
    event, person = make_event(), make_person()
    if status:
        make_reservation(event, person, status=status)
    move_event(event, start_time=-timedelta(hours=1))
    client.force_login(person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("started", ["See other events"])
    assert "already started" in card_words(response)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("confirmed", "confirmed"), ("pending", "pending"), ("rejected", "rejected")],
)
def test_card_of_a_running_event_shows_guests_their_status(client, status, expected):
    reservation = make_reservation(status=status)
    move_event(reservation.event, start_time=-timedelta(hours=1))
    client.force_login(reservation.person)
    assert state(client.get(reservation.event.get_absolute_url())) == expected


@pytest.mark.parametrize("status", ["confirmed", "pending", "rejected"])
def test_card_of_a_past_event_offers_nothing(client, status):
    reservation = make_reservation(status=status)
    move_event(reservation.event, start_time=-timedelta(hours=3), end_time=-timedelta(hours=1))
    client.force_login(reservation.person)
    response = client.get(reservation.event.get_absolute_url())
    assert (state(response), controls(response)) == ("over", ["See other events"])


def test_card_of_a_guest_who_cancelled_offers_a_spot_again(client):
    reservation = make_reservation(status="cancelled")
    client.force_login(reservation.person)
    assert state(client.get(reservation.event.get_absolute_url())) == "open"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (112, "112th"),
    ],
)
def test_ordinals_are_english(number, said):
    assert ordinal(number) == said


def test_queue_drawing_fits_a_phone_for_any_queue():
    event = make_event(seats_limit=1)
    people = make_people(40)
    for person in people:
        registration.reserve(event.pk, person=person)
    heads = line(card_of(Event.objects.get(pk=event.pk), people[29]))
    assert [head["kind"] for head in heads] == ["ahead"] * 8 + ["you"] + ["behind"] * 2
    assert heads[-1]["x"] + 7 <= 320


# --- Reserving --------------------------------------------------------------------------------------------------------


def test_reservation_by_htmx_returns_the_card_with_the_focus_on_its_title(client):
    event, person = make_event(), make_person()
    client.force_login(person)
    response = client.post(reserve_url(event), headers=HTMX)
    assert (response.status_code, state(response)) == (200, "pending")
    assert "<html" not in response.text
    assert words(only(response, "//*[@data-focus]")) == "Waiting for approval"
    assert only(response, "//dialog[@id='cancel-dialog']").get("hx-swap-oob") == "true"
    assert Reservation.objects.get().person == person


def form_key(response):
    return only(response, f"{CARD}//input[@name='key']").get("value")


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_reservation_form_sent_twice_reserves_once_with_the_same_answer(client, headers):
    event = make_event()
    client.force_login(make_person())
    sent = {"key": form_key(client.get(event.get_absolute_url()))}
    first, second = (
        client.post(reserve_url(event), sent, headers=headers, follow=True) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert card_words(first) == card_words(second)
    assert Reservation.objects.count() == 1


def test_reservation_forms_have_different_keys(client):
    event = make_event()
    client.force_login(make_person())
    assert len({form_key(client.get(event.get_absolute_url())) for _ in range(3)}) == 3


def test_reservation_key_is_for_one_person_and_one_event(client):
    event, other, sent = make_event(), make_event(), {"key": "00000000-0000-4000-8000-000000000000"}
    for person in (make_person(), make_person()):
        client.force_login(person)
        for one in (event, other):
            client.post(reserve_url(one), sent)
    assert Reservation.objects.pending().count() == 4


def test_reservation_form_sent_again_after_a_cancellation_is_refused(client):
    event, person = make_event(), make_person()
    client.force_login(person)
    sent = {"key": form_key(client.get(event.get_absolute_url()))}
    client.post(reserve_url(event), sent)
    registration.cancel(Reservation.objects.get(), by=person)
    answer = client.post(reserve_url(event), sent, headers=HTMX)
    assert answer.status_code == 409
    assert "gave that place back" in card_words(answer)
    assert [one.status for one in Reservation.objects.all()] == ["cancelled"]


def test_reservation_by_a_plain_form_returns_to_the_event_with_a_message(client):
    event = make_event(admission="automatic")
    client.force_login(make_person())
    response = client.post(reserve_url(event), follow=True)
    assert response.redirect_chain == [(event.get_absolute_url(), 302)]
    assert all_words(response, f"//*[@id='toasts']/div[{has_class('toast')}]/p") == [
        "Reserved. Your ticket is ready."
    ]
    assert state(response) == "confirmed"


@pytest.mark.parametrize(("headers", "status"), [(HTMX, 409), ({}, 302)])
def test_reservation_that_is_refused_shows_the_reason_and_the_status(client, headers, status):
    reservation = make_reservation()
    client.force_login(reservation.person)
    response = client.post(reserve_url(reservation.event), headers=headers)
    assert response.status_code == status
    if status == 302:
        response = client.get(response.url)
        assert all_words(response, "//*[@id='toasts']/div[@data-kind='error']/p") == [
            "You already have a reservation for this event."
        ]
    else:
        assert only(response, f"{CARD}//*[@role='alert']").get("data-code") == "already_registered"
    assert state(response) == "pending"
    assert Reservation.objects.count() == 1


def test_reservation_of_a_spot_taken_meanwhile_joins_the_queue(client):
    event = make_event(seats_limit=1, admission="automatic")
    client.force_login(make_person())
    make_reservation(event)
    assert state(client.post(reserve_url(event), headers=HTMX)) == "queued"


def test_reservation_of_a_visitor_needs_a_log_in_and_returns_to_the_event(client):
    event = make_event()
    answer = client.post(
        reserve_url(event), headers={"Referer": f"http://testserver{event.get_absolute_url()}"}
    )
    assert answer.url == f"/accounts/login/?next=/events/{event.pk}/"
    swapped = client.post(
        reserve_url(event),
        headers={**HTMX, "HX-Current-URL": f"http://testserver{event.get_absolute_url()}"},
    )
    assert swapped["HX-Redirect"] == f"/accounts/login/?next=/events/{event.pk}/"
    assert not Reservation.objects.exists()


def test_reservation_needs_a_post(client):
    event = make_event()
    client.force_login(make_person())
    assert client.get(reserve_url(event)).url == event.get_absolute_url()
    assert not Reservation.objects.exists()


# --- Leaving ----------------------------------------------------------------------------------------------------------


def test_cancellation_by_htmx_returns_the_open_card_and_empties_the_dialog(client):
    reservation = make_reservation(status="confirmed")
    client.force_login(reservation.person)
    response = client.post(cancel_url(reservation), headers=HTMX)
    assert (response.status_code, state(response), dialog_words(response)) == (200, "open", "")
    reservation.refresh_from_db()
    assert reservation.is_cancelled


@pytest.mark.parametrize(
    ("asked", "back"),
    [
        ({}, "event"),
        ({"next": MINE}, MINE),
        ({"next": "https://evil.example/"}, "event"),
        ({"next": "//evil.example"}, "event"),
    ],
)
def test_cancellation_by_a_plain_form_returns_to_the_page_before(client, asked, back):
    reservation = make_reservation()
    client.force_login(reservation.person)
    response = client.post(cancel_url(reservation), asked)
    assert response.url == (reservation.event.get_absolute_url() if back == "event" else back)
    assert all_words(
        client.get(response.url), f"//*[@id='toasts']/div[{has_class('toast')}]/p"
    ) == ["You left the queue."]


def test_cancellation_question_changes_nothing(client):
    reservation = make_reservation(status="confirmed")
    client.force_login(reservation.person)
    response = client.get(cancel_url(reservation), {"next": MINE})
    form = only(response, "//main//form")
    assert (form.get("method"), form.get("action")) == ("post", cancel_url(reservation))
    assert only(response, "//main//form/input[@name='next']").get("value") == MINE
    assert all_words(response, f"//main//form//*[{has_class('button')}]") == [
        "Keep my spot",
        "Cancel reservation",
    ]
    assert Reservation.objects.get().is_confirmed


def test_cancellation_twice_is_refused_with_the_reason(client):
    reservation = make_reservation(status="cancelled")
    client.force_login(reservation.person)
    assert words(only(client.get(cancel_url(reservation)), "//main//h1")) == "Nothing to cancel"
    response = client.post(cancel_url(reservation), headers=HTMX)
    assert (response.status_code, state(response)) == (409, "open")
    assert only(response, f"{CARD}//*[@role='alert']").get("data-code") == "already_gone"


def test_cancellation_of_a_used_ticket_is_refused(client):
    reservation = make_reservation(status="confirmed")
    reservation.tickets.update(checked_in_at=timezone.now())
    client.force_login(reservation.person)
    response = client.post(cancel_url(reservation), headers=HTMX)
    assert (response.status_code, state(response)) == (409, "confirmed")
    assert only(response, f"{CARD}//*[@role='alert']").get("data-code") == "already_checked_in"


# --- The card asks again ----------------------------------------------------------------------------------------------


def test_live_card_is_empty_without_a_change(client):
    reservation = make_reservation()
    client.force_login(reservation.person)
    response = client.get(card_url(reservation.event, "pending-1"), headers=HTMX)
    assert (response.status_code, response.content) == (204, b"")


def test_live_card_shows_a_better_place_and_keeps_an_open_dialog(client):
    event = make_event()
    first, second = make_reservation(event), make_reservation(event)
    client.force_login(second.person)
    registration.cancel(first, by=first.person)
    response = client.get(card_url(event, "pending-2"), headers=HTMX)
    assert "1st in the queue" in card_words(response)
    assert not tree(response).xpath("//dialog")
    assert not tree(response).xpath("//*[@data-focus]")


def test_live_card_shows_the_decision_with_its_dialog(client):
    reservation = make_reservation()
    client.force_login(reservation.person)
    decisions.confirm(reservation, by=reservation.event.organizer)
    response = client.get(card_url(reservation.event, "pending-1"), headers=HTMX)
    assert state(response) == "confirmed"
    assert "Your spot becomes free" in dialog_words(response)


def test_card_address_opened_alone_leads_to_the_event(client):
    event = make_event()
    assert client.get(card_url(event)).url == event.get_absolute_url()
    assert client.get(card_url(make_event(status="draft"))).status_code == 404


def test_pages_of_each_status_have_no_inline_code(client):
    for status in ("pending", "confirmed", "rejected", "cancelled"):
        reservation = make_reservation(status=status)
        client.force_login(reservation.person)
        for url in (reservation.event.get_absolute_url(), MINE, cancel_url(reservation)):
            assert inline_code_in(client.get(url)) == []


# --- My reservations --------------------------------------------------------------------------------------------------


def rows(response):
    """(state, title) of each row."""
    found = tree(response).xpath(f"//li[{has_class('event-row')}]")
    return [
        (words(row.xpath(f".//span[{has_class('status')}]")[0]), words(row.xpath(".//h2")[0]))
        for row in found
    ]


def test_my_reservations_show_every_status_soonest_first(client):
    person = make_person()
    titles = {"confirmed": "One", "pending": "Two", "rejected": "Three", "cancelled": "Four"}
    for days, (status, title) in enumerate(titles.items(), start=1):
        event = make_event(title=title, start_time=timezone.now() + timedelta(days=days))
        make_reservation(event, person, status=status)
    gone = make_event(title="Five", start_time=timezone.now() + timedelta(days=9))
    make_reservation(gone, person)
    event_services.cancel(gone, by=gone.organizer, message="No heating.")
    make_reservation(make_event(title="Somebody else's"))
    client.force_login(person)
    response = client.get(MINE)
    assert rows(response) == [
        ("Confirmed", "One"),
        ("Pending", "Two"),
        ("Rejected", "Three"),
        ("Cancelled", "Four"),
        ("Event cancelled", "Five"),
    ]
    assert all_words(response, "//nav[@aria-label='Filter reservations']/a") == [
        "Upcoming 5",
        "Past 0",
    ]
    assert "They wrote: No heating." in all_words(response, f"//li[{has_class('event-row')}]")[4]


def test_my_reservations_have_the_buttons_of_each_status(client):
    person = make_person()
    confirmed = make_reservation(make_event(), person, status="confirmed")
    waiting = make_reservation(
        make_event(seats_limit=1, start_time=timezone.now() + timedelta(days=20)), person
    )
    client.force_login(person)
    response = client.get(MINE)
    buttons = [
        (words(a), a.get("href")) for a in tree(response).xpath(f"//a[{has_class('above')}]")
    ]
    assert buttons == [
        ("Ticket", reverse("tickets:ticket", args=[confirmed.pk])),
        ("Calendar", reverse("events:calendar", args=[confirmed.event_id])),
        ("Cancel reservation", f"{cancel_url(confirmed)}?next={MINE}"),
        ("Cancel reservation", f"{cancel_url(waiting)}?next={MINE}"),
    ]
    assert "1st in the queue." in all_words(response, f"//li[{has_class('event-row')}]")[1]


def test_my_reservations_show_past_events_apart_newest_first(client):
    person = make_person()
    for days, title in ((1, "Long ago"), (2, "Lately")):
        event = make_event(title=title, start_time=timezone.now() + timedelta(days=days))
        make_reservation(event, person, status="confirmed")
        move_event(event, start_time=timedelta(days=days - 9), end_time=timedelta(days=days - 8))
    client.force_login(person)
    response = client.get(MINE, {"show": "past"})
    assert [title for _state, title in rows(response)] == ["Lately", "Long ago"]
    assert not tree(response).xpath(f"//a[{has_class('above')}]")
    assert rows(client.get(MINE)) == []


def test_my_reservations_show_a_repeated_reservation_once(client):
    event, person = make_event(), make_person()
    make_reservation(event, person, status="cancelled")
    make_reservation(event, person)
    client.force_login(person)
    assert rows(client.get(MINE)) == [("Pending", "Night Print")]


def test_my_reservations_say_who_is_inside(client):
    reservation = make_reservation(status="confirmed")
    reservation.tickets.update(checked_in_at=timezone.now())
    client.force_login(reservation.person)
    assert rows(client.get(MINE)) == [("Inside", "Night Print")]
    assert "Cancel reservation" not in client.get(MINE).text


def test_card_of_an_event_with_approval_promises_no_spots(client):
    event = make_event(seats_limit=24)
    make_reservation(event)
    assert "24 spots to be given of 24 1 person has asked" in card_words(
        client.get(event.get_absolute_url())
    )
