"""Notes about a guest, for the managers of the event only."""

import pytest
from django.urls import reverse

from tests.support.factories import make_person, make_reservation
from tests.support.markup import all_words, has_class, only
from tests.tickets.queue_page.page import HTMX, names, queue_url, row
from tickets.queue import decisions

pytestmark = pytest.mark.django_db


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
