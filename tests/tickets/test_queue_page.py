"""The organizer's queue: who is shown, and each deed with both of its ends, htmx and a plain form."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from events import services as event_services
from tests.support.check_in import check_in
from tests.support.factories import (
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tests.support.markup import all_words, has_class, only, tree, words
from tests.support.page_checks import inline_code_in
from tickets.models import Reservation
from tickets.queue import bulk_decisions, decisions, reads, registration

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ROW = "//tbody/tr"


@pytest.fixture(autouse=True)
def grace(settings):
    """The time in which a decision can be taken back before its mail leaves."""
    settings.MAIL_DECISION_DELAY_SECONDS = 60


def after_the_grace(reservation):
    """The mail about the decision has left."""
    long_ago = timezone.now() - timedelta(hours=1)
    Reservation.objects.filter(pk=reservation.pk).update(decided_at=long_ago)
    reservation.tickets.update(issued_at=long_ago)


@pytest.fixture
def event(client):
    event = make_event(organizer=make_organizer())
    client.force_login(event.organizer)
    return event


def queue_url(event):
    return reverse("tickets:queue", args=[event.pk])


def press(client, deed, reservation, data=(), **headers):
    return client.post(
        reverse(f"tickets:{deed}", args=[reservation.pk]), dict(data), headers=headers or HTMX
    )


def bulk(client, deed, event, reservations, data=(), headers=HTMX):
    return client.post(
        reverse(f"tickets:{deed}", args=[event.pk]),
        {**dict(data), "r": [r.pk for r in reservations]},
        headers=headers,
    )


def row(response, reservation):
    return only(response, f"//tr[@id='reservation-{reservation.pk}']")


def names(response):
    return [
        words(lead).split(" ", 1)[1].rsplit(" ", 1)[0]
        for lead in tree(response).xpath(f"{ROW}/th[{has_class('table__lead')}]/div")
    ]


def places(response):
    return all_words(response, "//tr/td[@data-label='Place in queue']")


def row_state(response, reservation):
    return words(row(response, reservation).xpath(f".//span[{has_class('status')}]")[0])


def buttons(element):
    """{accessible name: words on it}, of the buttons and of the links that look like one and have words"""
    found = element.xpath(
        f".//button | .//a[{has_class('button')} and not({has_class('button--icon')})]"
    )
    assert len({button.get("aria-label") for button in found}) == len(found)
    return {button.get("aria-label"): words(button) for button in found}


def counts(response):
    return {
        span.get("id"): words(span)
        for span in beside(response).xpath(f"//span[{has_class('chip__count')}]")
    }


def beside(response):
    """What an htmx answer brings beside the row or the table: the content of its <template>."""
    return tree(response)


def toast(response):
    return all_words(response, f"//*[@id='toasts']//div[{has_class('toast')}]/p")


def status_of(reservation):
    return Reservation.objects.get(pk=reservation.pk).status


# --- Who is shown -----------------------------------------------------------------------------------------------------


def test_queue_shows_pending_guests_in_order_with_their_places(client, event):
    for name in ("Ewa Szczepańska", "Jonas Weber", "Amir Haddad"):
        make_reservation(event, make_person(name))
    decisions.confirm(event.reservations.all()[0], by=event.organizer)
    make_reservation(make_event(), make_person("Somebody Elsewhere"))
    response = client.get(queue_url(event))
    assert (names(response), places(response)) == (["Jonas Weber", "Amir Haddad"], ["1", "2"])
    assert only(response, "//input[@name='state' and @checked]").get("value") == "pending"


def test_queue_counts_every_state(client, event):
    for status, number in (("pending", 4), ("confirmed", 3), ("rejected", 2), ("cancelled", 1)):
        for _ in range(number):
            make_reservation(event, status=status)
    response = client.get(queue_url(event), {"state": "all"})
    chips = all_words(response, f"//form[@id='queue-filters']//label[{has_class('chip')}]")
    assert chips == ["Pending 4", "Confirmed 3", "Rejected 2", "Cancelled 1", "All 10"]
    assert len(names(response)) == 10
    assert "21 spots left of 24 3 confirmed, 4 pending" in words(
        only(response, "//*[@id='queue-capacity']")
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("confirmed", ["Confirmed"]),
        ("rejected", ["Rejected"]),
        ("cancelled", ["Cancelled"]),
        ("<b>", ["Pending"]),
    ],
)
def test_queue_is_filtered_by_state(client, event, state, shown):
    for status in ("pending", "confirmed", "rejected", "cancelled"):
        make_reservation(event, status=status)
    assert (
        all_words(
            client.get(queue_url(event), {"state": state}), f"{ROW}//span[{has_class('status')}]"
        )
        == shown
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("łucja", ["Łucja Żak"]),
        ("ŻAK ŁU", ["Łucja Żak"]),
        ("maja@", ["Maja Wiśniewska"]),
        ("example.org", ["Łucja Żak", "Maja Wiśniewska"]),
        ("zz", []),
    ],
)
def test_queue_is_searched_by_name_and_address_and_keeps_the_places(client, event, asked, found):
    make_reservation(event, make_person("Łucja Żak", email="lz@example.org"))
    make_reservation(event, make_person("Maja Wiśniewska", email="maja@example.org"))
    response = client.get(queue_url(event), {"q": asked}, headers=HTMX)
    assert names(response) == found
    assert "<html" not in response.text
    if found == ["Maja Wiśniewska"]:
        assert places(response) == ["2"]


def test_empty_queue_says_so(client, event):
    heading = f"//div[{has_class('empty')}]/h2"
    assert all_words(client.get(queue_url(event)), heading) == ["Nobody is waiting"]
    assert all_words(client.get(queue_url(event), {"state": "rejected"}), heading) == [
        "Nobody here"
    ]
    assert all_words(client.get(queue_url(event), {"q": "<x>"}), heading) == [
        "Nobody matches “<x>”"
    ]


def test_queue_has_pages_of_fifty_with_continued_places(client, event):
    for person in make_people(53):
        registration.reserve(event.pk, person=person)
    assert places(client.get(queue_url(event))) == [str(place) for place in range(1, 51)]
    second = client.get(queue_url(event), {"page": "2"})
    assert places(second) == ["51", "52", "53"]
    assert only(second, "//form[@id='queue-form']/input[@name='page']").get("value") == "2"


def test_queue_has_the_buttons_of_each_status(client, event):
    waiting = make_reservation(event, make_person("Ewa Lis"))
    confirmed = make_reservation(event, make_person("Jan Lis"), status="confirmed")
    rejected = make_reservation(event, make_person("Ola Lis"), status="rejected")
    gone = make_reservation(event, make_person("Iga Lis"), status="cancelled")
    inside = make_reservation(event, make_person("Luc Lis"), status="confirmed")
    inside.tickets.update(checked_in_at=timezone.now())
    response = client.get(queue_url(event), {"state": "all"})
    assert buttons(row(response, waiting)) == {
        "Approve Ewa Lis": "Approve",
        "Reject Ewa Lis": "Reject",
    }
    assert buttons(row(response, confirmed)) == {"Undo: Jan Lis": "Undo"}
    assert buttons(row(response, rejected)) == {"Undo: Ola Lis": "Undo"}
    assert buttons(row(response, gone)) == buttons(row(response, inside)) == {}
    assert row_state(response, inside) == "Inside"
    assert [
        box.get("disabled") is None for box in tree(response).xpath(f"{ROW}//input[@name='r']")
    ] == [True, False, False, False, False]


def test_queue_of_an_automatic_event_has_no_undo_without_a_decision(client, event):
    event_services.edit(event, by=event.organizer, admission="automatic")
    confirmed = make_reservation(event, make_person("Jan Lis"))
    response = client.get(queue_url(event), {"state": "confirmed"})
    assert buttons(row(response, confirmed)) == {
        "Take back the spot: Jan Lis": "Take back the spot"
    }


def test_queue_of_a_cancelled_event_has_no_buttons(client, event):
    make_reservation(event)
    event_services.cancel(event, by=event.organizer)
    response = client.get(queue_url(event), {"state": "all"})
    assert not tree(response).xpath(f"{ROW}//button")
    assert not tree(response).xpath(f"//div[{has_class('bulk')}]")


@pytest.fixture
def called_off(event):
    """One who had a spot, two who waited, one rejected, one who left; then the event was cancelled."""
    for status in ("confirmed", "pending", "pending", "rejected", "cancelled"):
        make_reservation(event, make_person(f"Guest {status.title()}"), status=status)
    event_services.cancel(event, by=event.organizer)
    return event


def test_queue_of_a_cancelled_event_shows_who_had_a_spot(client, called_off):
    response = client.get(queue_url(called_off))
    assert all_words(response, "//label[contains(@class, 'chip')]") == [
        "Had a spot 1",
        "Was waiting 2",
        "Rejected 1",
        "Cancelled 1",
        "All 5",
    ]
    assert all_words(response, f"{ROW}/td[{has_class('table__state')}]") == ["Had a spot"]
    assert "New reservations appear here" not in response.text
    assert only(response, "//p[@data-kind='wait']//a").get("href") == reverse(
        "tickets:messages", args=[called_off.pk]
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("pending", ["Was waiting", "Was waiting"]),
        ("rejected", ["Rejected"]),
        ("all", ["Had a spot", "Was waiting", "Was waiting", "Rejected", "Cancelled"]),
    ],
)
def test_queue_of_a_cancelled_event_is_filtered_by_the_status_before(
    client, called_off, state, shown
):
    response = client.get(queue_url(called_off), {"state": state})
    assert all_words(response, f"{ROW}/td[{has_class('table__state')}]") == shown


def test_empty_queue_of_a_cancelled_event_promises_nothing(client, event):
    event_services.cancel(event, by=event.organizer)
    for state in ("", "pending"):
        response = client.get(queue_url(event), {"state": state})
        assert "Nobody here" in words(only(response, f"//div[{has_class('empty')}]"))
        assert "Nobody is waiting" not in response.text


def test_live_page_of_a_cancelled_event_says_who_had_a_spot(client, called_off):
    response = client.get(reverse("events:live", args=[called_off.pk]))
    assert all_words(response, f"//dl[{has_class('figures')}]/div") == [
        "Had a spot 1 See who",
        "Were waiting 2 See who",
    ]


def test_live_page_of_a_cancelled_event_says_what_happened_and_shows_no_empty_cards(
    client, called_off
):
    response = client.get(reverse("events:live", args=[called_off.pk]))
    when = date_format(timezone.localtime(called_off.cancelled_at), "j E Y, H:i")
    said = words(only(response, "//p[@data-kind='bad']"))
    assert said.startswith(
        f"This event was cancelled on {when}. Its tickets no longer work, and who had a place gets an e-mail."
    )
    assert all_words(response, "//main//h2") == ["Right now"]


def test_enter_in_a_checkbox_presses_no_button(client, event):
    make_reservation(event)
    (first, *_rest) = tree(client.get(queue_url(event))).xpath("//form[@id='queue-form']//button")
    assert {"disabled", "hidden"} <= set(first.keys())


def test_queue_shows_hostile_names_as_they_are(client, event):
    make_reservation(event, make_person("<script>alert(1)</script> \u202eX"))
    make_reservation(event, make_person('=cmd|"x"!A0 {{7|add:7}}'))
    response = client.get(queue_url(event))
    assert names(response) == ["<script>alert(1)</script> X", '=cmd|"x"!A0 {{7|add:7}}']
    assert inline_code_in(response) == []
    answer = press(client, "confirm", event.reservations.first())
    assert "<script>" not in answer.text


# --- One --------------------------------------------------------------------------------------------------------------


def test_approval_by_htmx_returns_the_row_and_the_counts(client, event):
    first, _second = make_reservation(event, make_person("Tomasz Lis")), make_reservation(event)
    response = press(client, "confirm", first)
    assert response.status_code == 200
    assert response.text.lstrip().startswith("<tr")
    assert (
        status_of(first),
        row_state(response, first),
        row(response, first).get("data-settled"),
    ) == ("confirmed", "Confirmed", "ok")
    (button,) = row(response, first).xpath(".//button")
    assert (button.get("aria-label"), button.get("data-focus"), button.get("hx-post")) == (
        "Undo: Tomasz Lis",
        "",
        reverse("tickets:undo", args=[first.pk]),
    )
    assert counts(response) == {
        "count-pending": "1",
        "count-confirmed": "1",
        "count-rejected": "0",
        "count-cancelled": "0",
        "count-all": "2",
    }
    assert all(
        span.get("hx-swap-oob") == "true"
        for span in beside(response).xpath(f"//span[{has_class('chip__count')}]")
    )
    assert only(response, "//*[@id='queue-capacity']").get("hx-swap-oob") == "true"
    assert only(response, "//*[@id='rail-pending']").text == "1"
    assert toast(response) == ["Tomasz Lis is confirmed."]
    undo = only(response, "//*[@id='toasts']//button")
    assert (words(undo), undo.get("hx-post"), undo.get("hx-target")) == (
        "Undo",
        reverse("tickets:undo", args=[first.pk]),
        "#queue",
    )


def test_rejection_by_htmx_returns_the_row(client, event):
    reservation = make_reservation(event)
    response = press(client, "reject", reservation, {"message": "Full of regulars."})
    assert (row_state(response, reservation), row(response, reservation).get("data-settled")) == (
        "Rejected",
        "bad",
    )
    assert Reservation.objects.get().message == "Full of regulars."


def test_rejection_of_a_confirmed_guest_frees_the_seat(client, event):
    reservation = make_reservation(event, status="confirmed")
    response = press(client, "reject", reservation)
    assert row_state(response, reservation) == "Rejected"
    assert only(response, "//*[@id='live-spots-left']").get("value") == "24"
    assert not reservation.tickets.valid().exists()


def test_undo_returns_the_row_with_its_place(client, event):
    first, second = make_reservation(event, make_person("Ewa Lis")), make_reservation(event)
    decisions.confirm(first, by=event.organizer)
    response = press(client, "undo", first)
    assert (row_state(response, first), places(response)) == ("Pending", ["1"])
    assert only(response, "//*[@data-focus]").get("aria-label") == "Approve Ewa Lis"
    assert not tree(response).xpath("//*[@id='toasts']//button")
    assert reads.position(second) == 2


def test_undo_in_the_toast_returns_the_table_on_screen(client, event):
    first, second = make_reservation(event), make_reservation(event, make_person("Ola Lis"))
    decisions.reject(first, by=event.organizer)
    decisions.reject(second, by=event.organizer)
    response = press(client, "undo", first, {"state": "rejected"}, **HTMX, **{"HX-Target": "queue"})
    assert names(response) == ["Ola Lis"]
    assert status_of(first) == "pending"


@pytest.mark.parametrize(
    ("deed", "status", "code"),
    [
        ("confirm", "cancelled", "already_decided"),
        ("reject", "cancelled", "already_decided"),
        ("undo", "pending", "nothing_to_undo"),
    ],
)
def test_refusal_returns_the_true_row_with_the_reason(client, event, deed, status, code):
    reservation = make_reservation(event, status=status)
    response = press(client, deed, reservation)
    assert response.status_code == 409
    assert row(response, reservation).get("data-failed") == ""
    assert row(response, reservation).get("data-settled") is None
    assert only(response, f"//tr//*[{has_class('field__error')}]").get("data-code") == code
    assert toast(response) == []
    assert status_of(reservation) == status


def test_approval_at_a_full_event_is_refused_in_the_row(client):
    event = make_event(seats_limit=1)
    client.force_login(event.organizer)
    make_reservation(event, status="confirmed")
    reservation = make_reservation(event)
    response = press(client, "confirm", reservation)
    assert "All 1 spots are taken. Raise the capacity, or take back a confirmed spot." in words(
        row(response, reservation)
    )
    assert row(response, reservation).xpath(".//button[contains(@aria-label, 'Approve')]")
    assert not row(response, reservation).xpath(".//input[@checked]")


def test_rejection_with_a_too_long_message_is_refused(client, event):
    reservation = make_reservation(event)
    assert press(client, "reject", reservation, {"message": "x" * 1001}).status_code == 409
    assert (
        bulk(client, "reject_many", event, [reservation], {"message": "x" * 1001}).status_code
        == 409
    )
    assert status_of(reservation) == "pending"


@pytest.mark.parametrize(
    ("deed", "status", "said"),
    [
        ("confirm", "confirmed", "Ewa Lis is confirmed."),
        ("reject", "rejected", "Ewa Lis is rejected."),
    ],
)
def test_plain_form_returns_to_the_same_part_of_the_queue(client, event, deed, status, said):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    response = client.post(
        reverse(f"tickets:{deed}", args=[reservation.pk]),
        {"state": "all", "q": "lis & co", "page": "2"},
        follow=True,
    )
    assert response.redirect_chain == [(f"{queue_url(event)}?state=all&q=lis+%26+co&page=2", 302)]
    assert (status_of(reservation), toast(response)) == (status, [said])


@pytest.mark.parametrize("deed", ["confirm", "reject"])
def test_plain_form_is_undone_from_its_toast(client, event, deed):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    response = client.post(reverse(f"tickets:{deed}", args=[reservation.pk]), follow=True)
    form = only(response, "//*[@id='toasts']//form[.//button[normalize-space()='Undo']]")
    undone = client.post(form.get("action"), follow=True)
    assert (status_of(reservation), toast(undone)) == (
        "pending",
        ["Ewa Lis is waiting again, at the old place."],
    )
    assert not tree(undone).xpath("//*[@id='toasts']//form")


def test_plain_form_that_is_refused_shows_the_reason(client, event):
    reservation = make_reservation(event, status="cancelled")
    response = client.post(reverse("tickets:confirm", args=[reservation.pk]), follow=True)
    assert response.redirect_chain == [(queue_url(event), 302)]
    assert all_words(response, "//*[@id='toasts']/div[@data-kind='error']/p") == [
        "Already decided, or withdrawn."
    ]


# --- Many -------------------------------------------------------------------------------------------------------------


def test_bulk_approval_names_guests_without_a_spot_and_keeps_them_selected(client):
    event = make_event(seats_limit=2)
    client.force_login(event.organizer)
    first, second, third, other = (
        registration.reserve(event.pk, person=person) for person in make_people(4)
    )
    response = bulk(client, "confirm_many", event, [third, second, first])
    assert [status_of(r) for r in (first, second, third, other)] == [
        "confirmed",
        "confirmed",
        "pending",
        "pending",
    ]
    assert toast(response) == ["2 confirmed. No spot for the other 1."]
    assert [
        box.get("value") for box in tree(response).xpath("//input[@name='r' and @checked]")
    ] == [str(third.pk)]
    assert row(response, third).get("data-failed") == ""
    assert "No spot left." in words(row(response, third))
    assert row(response, other).get("data-failed") is None
    assert words(only(response, "//output[@data-bulk-count]")) == "1 selected"
    assert (counts(response)["count-pending"], counts(response)["count-confirmed"]) == ("2", "2")
    assert only(response, "//*[@data-focus]").tag == "table"


def test_bulk_approval_puts_the_focus_on_the_table(client, event):
    first, second, third = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    response = bulk(client, "confirm_many", event, [first, second])
    assert toast(response) == ["2 confirmed."]
    assert places(response) == ["1"]
    assert only(response, "//*[@data-focus]").tag == "table"
    assert status_of(third) == "pending"


def test_bulk_rejection_sends_one_message_to_all(client, event):
    first, second, third = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    response = bulk(client, "reject_many", event, [first, third], {"message": "Next time."})
    assert toast(response) == ["2 rejected."]
    assert [(r.status, r.message) for r in event.reservations.all()] == [
        ("rejected", "Next time."),
        ("pending", ""),
        ("rejected", "Next time."),
    ]
    assert status_of(second) == "pending"


def test_bulk_decision_keeps_the_filter_on_screen(client, event):
    waiting = make_reservation(event, make_person("Ewa Lis"))
    make_reservation(event, make_person("Jan Wilk"))
    response = bulk(client, "confirm_many", event, [waiting], {"state": "all", "q": "lis"})
    assert names(response) == ["Ewa Lis"]
    assert only(response, "//form[@id='queue-form']/input[@name='q']").get("value") == "lis"


def test_bulk_approval_by_a_plain_form_shows_a_message(client):
    event = make_event(seats_limit=1)
    client.force_login(event.organizer)
    reservations = [registration.reserve(event.pk, person=person) for person in make_people(2)]
    answer = bulk(client, "confirm_many", event, reservations, {"q": "guest"}, headers={})
    assert answer.url == f"{queue_url(event)}?q=guest"
    assert toast(client.get(answer.url)) == ["1 confirmed. No spot for the other 1."]


def test_bulk_decision_leaves_reservations_of_another_event(client, event):
    elsewhere = make_reservation()
    response = bulk(client, "confirm_many", event, [elsewhere])
    assert toast(response) == ["0 confirmed. 1 not saved: Already decided, or withdrawn."]
    assert status_of(elsewhere) == "pending"
    assert bulk(client, "reject_many", event, [elsewhere]).status_code == 200
    assert status_of(elsewhere) == "pending"


def test_bulk_decision_ignores_malformed_ids(client, event):
    reservation = make_reservation(event)
    data = {"r": ["x", "-1", "1.5", "9" * 40, "٣", "", str(reservation.pk)]}
    response = client.post(reverse("tickets:confirm_many", args=[event.pk]), data, headers=HTMX)
    assert response.status_code == 200
    assert status_of(reservation) == "confirmed"


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_bulk_decision_at_a_cancelled_event_is_refused(client, event, headers):
    reservation = make_reservation(event)
    event_services.cancel(event, by=event.organizer)
    response = bulk(client, "confirm_many", event, [reservation], headers=headers)
    if not headers:
        response = client.get(response.url)
    else:
        assert response.status_code == 409
    assert toast(response) == ["This event is not open for reservations."]
    assert status_of(reservation) == "rejected"


def test_bulk_rejection_dialog_belongs_to_the_form_of_the_selection(client, event):
    make_reservation(event)
    response = client.get(queue_url(event))
    field, button = (
        only(response, "//textarea[@name='message']"),
        only(response, "//dialog[@id='reject-dialog']//button[last()]"),
    )
    assert field.get("form") == button.get("form") == only(response, "//form[@data-bulk]").get("id")
    opener = only(response, f"//div[{has_class('bulk')}]//button[normalize-space()='Reject']")
    url = reverse("tickets:reject_many", args=[event.pk])
    assert (opener.get("data-opens"), opener.get("formaction"), button.get("hx-post")) == (
        "reject-dialog",
        url,
        url,
    )


def test_queue_times_are_in_the_zone_of_the_site(client, event):
    reservation = make_reservation(event)
    event.reservations.update(created=datetime(2026, 7, 1, 22, 30, tzinfo=UTC) - timedelta(days=1))
    assert (
        words(row(client.get(queue_url(event)), reservation).xpath(".//time")[0]) == "1 Jul, 00:30"
    )


# --- Together with others ---------------------------------------------------------------------------------------------

FOLLOWS = {"HX-Request": "true", "HX-Trigger": "queue-live", "HX-Target": "queue"}


def test_live_queue_keeps_rows_decided_here(client, event):
    here, elsewhere, waiting = (make_reservation(event) for _ in range(3))
    for reservation in (here, elsewhere):
        decisions.confirm(reservation, by=event.organizer)
    answer = client.get(queue_url(event), {"kept": here.pk}, headers=FOLLOWS)
    assert [one.get("id") for one in tree(answer).xpath(ROW)] == [
        f"reservation-{one.pk}" for one in (here, waiting)
    ]
    assert all_words(answer, f"//tr[@id='reservation-{here.pk}']//button") == ["Undo"]
    assert tree(answer).xpath("//*[@data-focus] | //*[@data-settled]") == [], (
        "nobody's focus moves, nothing lights up again"
    )
    assert words(only(answer, "//span[@id='count-pending']")) == "1"


def test_live_queue_asks_for_the_same_part_of_the_queue(client, event):
    make_reservation(event, make_person("Maja Wiśniewska"), status="confirmed")
    page = client.get(queue_url(event), {"state": "confirmed", "q": "Maja"})
    again = only(page, "//*[@id='queue-live']").get("hx-get")
    assert names(client.get(again, headers=FOLLOWS)) == ["Maja Wiśniewska"]


def test_decided_row_says_that_it_stays(client, event):
    reservation = make_reservation(event)
    answer = press(client, "confirm", reservation)
    assert only(answer, "//tr//input[@name='kept']").get("value") == str(reservation.pk)


def test_bulk_decision_is_undone_at_once(client, event):
    some = [make_reservation(event) for _ in range(3)]
    answer = bulk(client, "confirm_many", event, some)
    [undo] = tree(answer).xpath("//*[@id='toasts']//button")
    assert json.loads(undo.get("hx-vals")) == {"r": [one.pk for one in some]}
    answer = bulk(client, "undo_many", event, some)
    assert "3 are waiting again, at their old places." in words(only(answer, "//*[@id='toasts']"))
    assert places(answer) == ["1", "2", "3"]
    event.refresh_from_db()
    assert (event.confirmed_count, event.pending_count) == (0, 3)


def test_bulk_undo_names_what_cannot_be_undone(client, event):
    inside, other = (make_reservation(event, status="confirmed") for _ in range(2))
    check_in(inside, by=event.organizer)
    answer = bulk(client, "undo_many", event, [inside, other], {"state": "all"})
    assert (
        "1 is waiting again, at the old place. 1 not saved: This ticket has already been used at the door."
        in words(only(answer, "//*[@id='toasts']"))
    )
    assert (
        words(only(answer, f"//tr[@id='reservation-{inside.pk}']//*[@role='alert']"))
        == "This ticket has already been used at the door."
    )
    assert [one.status for one in event.reservations.order_by("pk")] == ["confirmed", "pending"]


# --- The head of the queue --------------------------------------------------------------------------------------------


def next_ones(client, event, number, headers=HTMX):
    return client.post(
        reverse("tickets:confirm_next", args=[event.pk]), {"number": number}, headers=headers
    )


def test_approve_next_offers_as_many_as_there_are_spots(client, event):
    field = "//input[@id='approve-number']"
    assert not tree(client.get(queue_url(event))).xpath(field), "nobody waits"
    for person in make_people(30):
        registration.reserve(event.pk, person=person)
    page = client.get(queue_url(event))
    assert (only(page, field).get("value"), only(page, field).get("max")) == ("24", "24")
    assert words(only(page, "//div[@id='approve-next']//output")) == "0 spots would be left"
    bulk_decisions.confirm_next(event, 24, by=event.organizer)
    assert not tree(client.get(queue_url(event))).xpath(field), "no spot is left"


def test_approve_next_confirms_and_says_so(client, event):
    waiting = [registration.reserve(event.pk, person=person) for person in make_people(4)]
    answer = next_ones(client, event, 3)
    assert toast(answer) == ["3 confirmed."]
    assert [status_of(one) for one in waiting] == ["confirmed"] * 3 + ["pending"]
    assert only(answer, "//*[@data-focus]").tag == "table"
    [undo] = tree(answer).xpath("//*[@id='toasts']//button")
    assert json.loads(undo.get("hx-vals")) == {"r": [one.pk for one in waiting[:3]]}
    assert (
        only(answer, "//div[@id='approve-next']//input[@id='approve-number']").get("value") == "1"
    )


def test_approve_next_by_a_plain_form_counts_guests_without_a_spot(client):
    event = make_event(seats_limit=2)
    client.force_login(event.organizer)
    for person in make_people(5):
        registration.reserve(event.pk, person=person)
    answer = client.get(next_ones(client, event, 4, headers={}).url)
    assert toast(answer) == ["2 confirmed. No spots for the other 2."]


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "9" * 30])
def test_approve_next_of_a_malformed_number_confirms_nobody(client, event, number):
    reservation = make_reservation(event)
    assert next_ones(client, event, number).status_code == 409
    assert status_of(reservation) == "pending"


# --- The question before somebody is rejected -------------------------------------------------------------------------


def question(client, reservation, **headers):
    return client.get(
        reverse("tickets:reject", args=[reservation.pk]),
        {"state": "all", "q": "lis"},
        headers=headers,
    )


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_rejection_asks_for_a_message(client, event, headers):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    page = question(client, reservation, **headers)
    assert (
        words(only(page, "//form[@id='reject-form']//*[@id='reject-one-h']")) == "Reject Ewa Lis?"
    )
    assert ("<html" in page.text) == (not headers)
    assert status_of(reservation) == "pending"
    form = {
        field.get("name"): field.get("value")
        for field in tree(page).xpath("//form[@id='reject-form']//input[not(@disabled)]")
    }
    assert (form["state"], form["q"], form["seen"]) == ("all", "lis", "pending")
    data = {**form, "message": "Full of regulars."}
    answer = client.post(reverse("tickets:reject", args=[reservation.pk]), data, headers=headers)
    assert Reservation.objects.get().message == "Full of regulars."
    if not headers:
        assert answer.url == f"{queue_url(event)}?state=all&q=lis"


def test_rejection_question_says_that_a_confirmed_guest_was_told(client, event):
    reservation = make_reservation(event, make_person("Ewa Lis"), status="confirmed")
    page = question(client, reservation)
    assert words(only(page, "//h1")) == "Take back the spot of Ewa Lis?"
    assert "Their ticket stops working, and they get another e-mail." in words(
        only(page, "//form[@id='reject-form']")
    )


def test_rejection_by_the_dialog_keeps_the_row_with_its_undo(client, event):
    kept, reservation = make_reservation(event), make_reservation(event, make_person("Ewa Lis"))
    decisions.confirm(kept, by=event.organizer)
    answer = press(
        client,
        "reject",
        reservation,
        {"seen": "pending", "kept": kept.pk},
        **HTMX,
        **{"HX-Target": "queue"},
    )
    assert [one.get("id") for one in tree(answer).xpath(ROW)] == [
        f"reservation-{one.pk}" for one in (kept, reservation)
    ]
    assert row(answer, reservation).get("data-settled") == "bad"
    assert only(answer, "//*[@data-focus]").get("aria-label") == "Undo: Ewa Lis"
    assert toast(answer) == ["Ewa Lis is rejected."]


def test_rejection_by_the_dialog_after_another_decision_is_refused_in_the_row(client, event):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    decisions.confirm(reservation, by=event.organizer)
    answer = press(
        client, "reject", reservation, {"seen": "pending"}, **HTMX, **{"HX-Target": "queue"}
    )
    assert answer.status_code == 409
    assert only(answer, "//*[@data-focus]").get("data-code") == "already_decided"
    assert status_of(reservation) == "confirmed"


def test_bulk_rejection_by_a_plain_form_asks_first_and_sends_the_message(client, event):
    some = [make_reservation(event) for _ in range(2)]
    page = bulk(client, "reject_many", event, some, {"q": "maja", "state": "all"}, headers={})
    assert words(only(page, "//h1")) == "Reject 2 reservations?"
    assert [status_of(one) for one in some] == ["pending"] * 2
    fields = [
        (field.get("name"), field.get("value"))
        for field in tree(page).xpath("//form[@id='reject-form']//input[not(@disabled)]")
    ]
    assert [int(value) for name, value in fields if name == "r"] == [one.pk for one in some]
    data = {**dict(fields), "message": "Next time."}
    answer = bulk(client, "reject_many", event, some, data, headers={})
    assert answer.url == f"{queue_url(event)}?state=all&q=maja"
    assert [one.message for one in event.reservations.all()] == ["Next time."] * 2


def test_bulk_rejection_question_leads_back_to_the_selection(client, event):
    some = [make_reservation(event) for _ in range(3)]
    page = bulk(client, "reject_many", event, some[1:], {"q": "", "state": "all"}, headers={})
    back = client.get(
        only(page, "//form[@id='reject-form']//a[normalize-space()='Go back']").get("href")
    )
    ticked = tree(back).xpath("//input[@name='r'][@checked]")
    assert [int(box.get("value")) for box in ticked] == [one.pk for one in some[1:]]
    assert only(back, "//input[@name='state'][@checked]").get("value") == "all"
    assert [status_of(one) for one in some] == ["pending"] * 3


def test_bulk_rejection_question_about_all_pages_leads_back_to_that_box(client, event, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.PER_PAGE", 2)
    some = [make_reservation(event) for _ in range(3)]
    page = bulk(
        client, "reject_many", event, some[:1], {"all": "1", "state": "pending"}, headers={}
    )
    back = client.get(
        only(page, "//form[@id='reject-form']//a[normalize-space()='Go back']").get("href")
    )
    assert only(back, "//input[@name='all']").get("checked") is not None


# --- The confirmed, many at once --------------------------------------------------------------------------------------


def test_confirmed_guests_can_be_selected_and_rejected(client, event):
    some = [make_reservation(event, status="confirmed") for _ in range(2)]
    waiting = make_reservation(event)
    page = client.get(queue_url(event), {"state": "confirmed"})
    assert [box.get("disabled") for box in tree(page).xpath(f"{ROW}//input[@name='r']")] == [
        None,
        None,
    ]
    assert all_words(page, f"//div[{has_class('bulk')}]//button") == ["Take back the spots"]
    answer = bulk(
        client,
        "reject_many",
        event,
        [*some, waiting],
        {"state": "confirmed", "message": "Smaller room."},
    )
    assert toast(answer) == ["2 spots taken back. 1 not saved: Already decided, or withdrawn."]
    assert [one.message for one in event.reservations.order_by("pk")] == [
        "Smaller room.",
        "Smaller room.",
        "",
    ]


def test_rejection_of_a_confirmed_guest_says_that_the_spot_is_gone(client, event):
    reservation = make_reservation(event, make_person("Ewa Lis"), status="confirmed")
    assert toast(press(client, "reject", reservation, {"seen": "confirmed"})) == [
        "Ewa Lis no longer has a spot."
    ]


def test_box_for_all_pages_selects_every_confirmed_match(client, event, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.PER_PAGE", 2)
    guests = [
        make_reservation(event, make_person(f"Jan Lis {number}"), status="confirmed")
        for number in range(3)
    ]
    waiting = make_reservation(event, make_person("Jan Kos"))
    assert (
        only(client.get(queue_url(event), {"state": "confirmed"}), "//input[@name='all']").get(
            "data-all-pages"
        )
        == "3"
    )
    bulk(client, "reject_many", event, guests[:1], {"all": "1", "state": "confirmed"})
    assert [status_of(one) for one in (*guests, waiting)] == ["rejected"] * 3 + ["pending"]


@pytest.mark.parametrize(
    ("state", "ticks", "places"),
    [
        ("pending", True, True),
        ("confirmed", True, False),
        ("rejected", False, False),
        ("cancelled", False, False),
        ("all", True, True),
    ],
)
def test_queue_leaves_out_empty_columns(client, event, state, ticks, places):
    for status in ("pending", "confirmed", "rejected", "cancelled"):
        make_reservation(event, status=status)
    page = client.get(queue_url(event), {"state": state})
    heads = all_words(page, "//thead//th")
    assert ("Select all" in heads, "Place" in heads) == (ticks, places)
    assert all(len(line) == len(heads) for line in tree(page).xpath(ROW))


def test_single_row_has_the_columns_of_its_table(client, event):
    reservation = make_reservation(event, status="confirmed")
    heads = tree(client.get(queue_url(event), {"state": "confirmed"})).xpath("//thead//th")
    assert len(row(press(client, "undo", reservation, {"state": "confirmed"}), reservation)) == len(
        heads
    )


def test_queue_of_a_cancelled_event_has_no_checkboxes_and_no_places(client, called_off):
    page = client.get(queue_url(called_off), {"state": "all"})
    assert all_words(page, "//thead//th") == ["Guest", "Reserved", "State", "Actions"]
    assert not tree(page).xpath("//input[@name='r'] | //*[@id='approve-number']")


# --- Notes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_note_is_shown_beside_its_guest_and_found(client, event, headers):
    reservation = make_reservation(event, make_person("Maja Wiśniewska"))
    make_reservation(event, make_person("Jonas Weber"))
    form = client.get(reverse("tickets:note", args=[reservation.pk]), headers=headers)
    assert only(form, "//form[@id='note-form']//textarea").text.strip() == ""
    client.post(
        reverse("tickets:note", args=[reservation.pk]), {"note": " Needs a ramp "}, headers=headers
    )
    found = client.get(queue_url(event), {"q": "ramp"})
    assert names(found) == ["Maja Wiśniewska"]
    assert all_words(found, f"//p[{has_class('note')}]") == ["Needs a ramp"]


def test_note_that_is_saved_returns_its_row_and_decides_nothing(client, event):
    reservation = make_reservation(event)
    answer = client.post(
        reverse("tickets:note", args=[reservation.pk]), {"note": "Vegan"}, headers=HTMX
    )
    assert "data-settled" not in row(answer, reservation).attrib
    assert "The note is saved." in answer.text
    client.post(reverse("tickets:note", args=[reservation.pk]), {"note": ""}, headers=HTMX)
    reservation.refresh_from_db()
    assert (reservation.note, reservation.status, reservation.decided_at) == ("", "pending", None)


def test_note_that_is_too_long_is_refused_beside_the_field(client, event):
    reservation = make_reservation(event)
    answer = client.post(reverse("tickets:note", args=[reservation.pk]), {"note": "x" * 1001})
    assert answer.status_code == 422
    assert only(answer, "//textarea").get("aria-invalid") == "true"
    reservation.refresh_from_db()
    assert reservation.note == ""


def test_note_that_is_too_long_returns_into_its_dialog(client, event):
    path = reverse("tickets:note", args=[make_reservation(event).pk])
    answer = client.post(path, {"note": "x" * 1001}, headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#note-form")
    assert only(answer, "//textarea").get("aria-invalid") == "true"


def test_note_is_never_shown_to_its_guest(client, event):
    reservation = make_reservation(event, status="confirmed")
    decisions.note(reservation, "Talks too much", by=event.organizer)
    client.force_login(reservation.person)
    for url in (
        event.get_absolute_url(),
        "/reservations/",
        reverse("tickets:ticket", args=[reservation.pk]),
    ):
        assert "Talks too much" not in client.get(url).text


def test_queue_breaks_an_address_before_its_at_and_dots_only(client):
    event = make_event()
    make_reservation(event, make_person(email="maja.wisniewska@a-long-department.example.org"))
    client.force_login(event.organizer)
    address = only(client.get(queue_url(event)), "//tr//small[@dir='auto']")
    assert [*address.itertext()] == [
        "maja",
        ".wisniewska",
        "@a-long-department",
        ".example",
        ".org",
    ]


def test_queue_has_no_undo_after_the_mail_left(client, event):
    confirmed = make_reservation(event, make_person("Jan Lis"), status="confirmed")
    rejected = make_reservation(event, make_person("Ola Lis"), status="rejected")
    for reservation in (confirmed, rejected):
        after_the_grace(reservation)
    page = client.get(queue_url(event), {"state": "all"})
    assert buttons(row(page, confirmed)) == {"Take back the spot: Jan Lis": "Take back the spot"}
    assert buttons(row(page, rejected)) == {"Back to the queue: Ola Lis": "Back to the queue"}
    assert "They were told, and will be told again." in words(row(page, rejected))


TOO_LATE = "The mail about it has left already. The list says what can still be done."


def toast_button(answer):
    """The form of the Undo in the toast of a page without a script."""
    return only(answer, "//*[@id='toasts']//form[.//button[normalize-space()='Undo']]").get(
        "action"
    )


@pytest.mark.parametrize("deed", ["confirm_many", "reject_many"])
def test_bulk_undo_in_the_toast_works_until_the_mails_leave(client, event, deed):
    some = [make_reservation(event) for _ in range(3)]
    answer = bulk(client, deed, event, some, {"asked": "1"}, headers={})
    action = toast_button(client.get(answer.url))
    after_the_grace(some[0])
    after_the_grace(some[1])
    answer = client.post(action, follow=True)
    assert toast(answer) == [f"1 is waiting again, at the old place. 2 not saved: {TOO_LATE}"]
    decided = "confirmed" if deed == "confirm_many" else "rejected"
    assert [status_of(one) for one in some] == [decided, decided, "pending"]


def test_bulk_undo_by_htmx_works_until_the_mails_leave(client, event):
    some = [make_reservation(event) for _ in range(2)]
    bulk(client, "confirm_many", event, some)
    after_the_grace(some[0])
    answer = bulk(client, "undo_many", event, some, {"state": "all"})
    assert (
        words(only(answer, f"//tr[@id='reservation-{some[0].pk}']//*[@role='alert']")) == TOO_LATE
    )
    assert [status_of(one) for one in some] == ["confirmed", "pending"]


@pytest.mark.parametrize("deed", ["confirm", "reject"])
def test_undo_in_the_toast_works_until_the_mail_leaves(client, event, deed):
    reservation = make_reservation(event)
    answer = client.post(reverse(f"tickets:{deed}", args=[reservation.pk]), follow=True)
    after_the_grace(reservation)
    assert toast(client.post(toast_button(answer), follow=True)) == [TOO_LATE]
    assert status_of(reservation) == f"{deed}ed"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_undo_in_an_open_page_is_refused_after_the_mail_left(client, event, headers):
    reservation = make_reservation(event, make_person("Jan Lis"), status="confirmed")
    button = only(
        client.get(queue_url(event), {"state": "all"}), "//button[@aria-label='Undo: Jan Lis']"
    )
    after_the_grace(reservation)
    answer = client.post(
        button.get("hx-post" if headers else "formaction"), headers=headers, follow=True
    )
    assert TOO_LATE in answer.text
    assert status_of(reservation) == "confirmed"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_back_to_the_queue_works_after_the_mail_left(client, event, headers):
    reservation = make_reservation(event, make_person("Ola Lis"), status="rejected")
    after_the_grace(reservation)
    page = client.get(queue_url(event), {"state": "all"})
    button = only(page, "//button[@aria-label='Back to the queue: Ola Lis']")
    client.post(button.get("hx-post" if headers else "formaction"), headers=headers)
    assert status_of(reservation) == "pending"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_toast_has_no_undo_without_a_mail_delay(client, event, settings, headers):
    settings.MAIL_DECISION_DELAY_SECONDS = 0
    some = [make_reservation(event) for _ in range(2)]
    answer = client.post(
        reverse("tickets:confirm_many", args=[event.pk]),
        {"r": [one.pk for one in some]},
        headers=headers,
        follow=True,
    )
    assert toast(answer) == ["2 confirmed."]
    assert not tree(answer).xpath("//*[@id='toasts']//button")


def test_box_for_all_pages_selects_every_pending_match(client, event, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.PER_PAGE", 2)
    guests = [make_reservation(event, make_person(f"Jan Lis {number}")) for number in range(2)]
    guests += [make_reservation(event, make_person(f"Ewa Kos {number}")) for number in range(3)]
    box = only(client.get(queue_url(event)), "//input[@name='all']")
    assert box.get("data-all-pages") == "5"
    bulk(client, "reject_many", event, guests[:1], {"all": "1", "q": "Ewa"})
    assert [status_of(one) for one in guests] == ["pending"] * 2 + ["rejected"] * 3
    answer = bulk(client, "confirm_many", event, guests[:1], {"all": "1"})
    assert toast(answer) == ["2 confirmed."]
    assert [status_of(one) for one in guests[:2]] == ["confirmed"] * 2
