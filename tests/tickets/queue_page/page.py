"""Sends the forms of the queue page and reads its rows, buttons, counts and toasts."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.test import Client
from django.urls import reverse
from lxml.html import HtmlElement

from events.models import Event
from tests.support.markup import Page, all_words, has_class, only, tree, words
from tickets.models import Reservation

HTMX = {"HX-Request": "true"}
ROW = "//tbody/tr"
type Fields = Mapping[str, Any]
NO_FIELDS: Fields = {}


def queue_url(event: Event) -> str:
    return reverse("tickets:queue", args=[event.pk])


def press(
    client: Client, deed: str, reservation: Reservation, data: Fields = NO_FIELDS, **headers: str
) -> Any:
    """Press the button of one guest. Without other headers it is a request of htmx."""
    return client.post(
        reverse(f"tickets:{deed}", args=[reservation.pk]), dict(data), headers=headers or HTMX
    )


def bulk(
    client: Client,
    deed: str,
    event: Event,
    reservations: Iterable[Reservation],
    data: Fields = NO_FIELDS,
    headers: dict[str, str] = HTMX,
) -> Any:
    """Press a button for these selected guests."""
    return client.post(
        reverse(f"tickets:{deed}", args=[event.pk]),
        {**dict(data), "r": [r.pk for r in reservations]},
        headers=headers,
    )


def row(response: Page, reservation: Reservation) -> HtmlElement:
    return only(response, f"//tr[@id='reservation-{reservation.pk}']")


def names(response: Page) -> list[str]:
    return [
        words(lead).split(" ", 1)[1].rsplit(" ", 1)[0]
        for lead in tree(response).xpath(f"{ROW}/th[{has_class('table__lead')}]/div")
    ]


def places(response: Page) -> list[str]:
    return all_words(response, "//tr/td[@data-label='Place in queue']")


def row_state(response: Page, reservation: Reservation) -> str:
    return words(row(response, reservation).xpath(f".//span[{has_class('status')}]")[0])


def buttons(element: HtmlElement) -> dict[str, str]:
    """{accessible name: text} of the buttons, and of the links with a text that look like one."""
    found = element.xpath(
        f".//button | .//a[{has_class('button')} and not({has_class('button--icon')})]"
    )
    assert len({button.get("aria-label") for button in found}) == len(found)
    return {button.get("aria-label"): words(button) for button in found}


def counts(response: Page) -> dict[str, str]:
    return {
        span.get("id"): words(span)
        for span in tree(response).xpath(f"//span[{has_class('chip__count')}]")
    }


def toast(response: Page) -> list[str]:
    return all_words(response, f"//*[@id='toasts']//div[{has_class('toast')}]/p")


def status_of(reservation: Reservation) -> str:
    return Reservation.objects.get(pk=reservation.pk).status
