"""The addresses of the reserve card, and what it shows."""

from django.urls import reverse
from django.utils import timezone

from events.models import Event
from tests.support.markup import only, words

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


def move_event(event, **times):
    """Let time pass: move the event instead of the clock."""
    Event.objects.filter(pk=event.pk).update(
        **{name: timezone.now() + delta for name, delta in times.items()}
    )


def dialog_words(response):
    return words(only(response, "//dialog[@id='cancel-dialog']"))
