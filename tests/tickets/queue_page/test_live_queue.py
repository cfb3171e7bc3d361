"""The queue page while others decide: what it loads again, and what stays in sight."""

import pytest

from tests.support.factories import make_person, make_reservation
from tests.support.markup import all_words, only, tree, words
from tests.tickets.queue_page.page import ROW, names, press, queue_url
from tickets.queue import decisions

pytestmark = pytest.mark.django_db
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
