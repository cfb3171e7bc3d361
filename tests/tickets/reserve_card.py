"""The addresses of the reserve card, and what it shows."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from events.models import Event
from tests.support.markup import Page, only, words
from tickets.models import Reservation

HTMX = {"HX-Request": "true"}
CARD = "//section[@id='reservation']"
MINE = "/reservations/"


def reserve_url(event: Event) -> str:
    return reverse("tickets:reserve", args=[event.pk])


def cancel_url(reservation: Reservation) -> str:
    return reverse("tickets:cancel", args=[reservation.pk])


def card_url(event: Event, seen: str = "") -> str:
    return reverse("tickets:card", args=[event.pk], query={"seen": seen} if seen else None)


def state(response: Page) -> str | None:
    return only(response, CARD).get("data-state")


def card_words(response: Page) -> str:
    return words(only(response, CARD))


def move_event(event: Event, **times: timedelta) -> None:
    """Let time pass: move the event instead of the clock."""
    Event.objects.filter(pk=event.pk).update(
        **{name: timezone.now() + delta for name, delta in times.items()}
    )


def dialog_words(response: Page) -> str:
    return words(only(response, "//dialog[@id='cancel-dialog']"))
