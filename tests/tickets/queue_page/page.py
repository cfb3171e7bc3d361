"""Sends the forms of the queue page and reads its rows, buttons, counts and toasts."""

from django.urls import reverse

from tests.support.markup import all_words, has_class, only, tree, words
from tickets.models import Reservation

HTMX = {"HX-Request": "true"}
ROW = "//tbody/tr"


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
    """{accessible name: text} of the buttons, and of the links with a text that look like one."""
    found = element.xpath(
        f".//button | .//a[{has_class('button')} and not({has_class('button--icon')})]"
    )
    assert len({button.get("aria-label") for button in found}) == len(found)
    return {button.get("aria-label"): words(button) for button in found}


def counts(response):
    return {
        span.get("id"): words(span)
        for span in tree(response).xpath(f"//span[{has_class('chip__count')}]")
    }


def toast(response):
    return all_words(response, f"//*[@id='toasts']//div[{has_class('toast')}]/p")


def status_of(reservation):
    return Reservation.objects.get(pk=reservation.pk).status
