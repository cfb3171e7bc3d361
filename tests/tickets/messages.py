"""Sends messages to guests by the form, and tells who got them."""

import uuid
from typing import Any

from django.test import Client
from django.urls import reverse

from eventflow.mail.models import Mail
from events.models import Event
from tests.support.factories import make_event, make_organizer, make_reservation
from tests.support.mailbox import letters_to

WORDS = {
    "audience": "confirmed",
    "subject": "Parking",
    "body": "Behind the hall.\nFollow the signs.",
}
HTMX = {"HX-Request": "true"}


def event_with_guests() -> Event:
    """An event with guests of every status, who have read the mails about it."""
    event = make_event(organizer=make_organizer(), title="Nocny druk")
    statuses = "confirmed confirmed pending pending pending rejected cancelled"
    for status in statuses.split():
        make_reservation(event, status=status)
    Mail.objects.all().delete()
    event.refresh_from_db()
    return event


def url(event: Event) -> str:
    return reverse("tickets:messages", args=[event.pk])


def send(client: Client, event: Event, **fields: Any) -> Any:
    return client.post(
        url(event), {**WORDS, "key": str(uuid.uuid4()), "action": "send", **fields}, follow=True
    )


def readers(subject: str = "Parking") -> list[str]:
    """Deliver the queued mails. Returns who got one with this subject."""
    everybody = Mail.objects.order_by("pk").values_list("to", flat=True).distinct()
    return sorted(
        {
            address
            for address in everybody
            for letter in letters_to(address)
            if letter.subject == subject
        }
    )


def addresses(event: Event, *statuses: str) -> list[str]:
    return sorted(
        event.reservations.filter(status__in=statuses).values_list("person__email", flat=True)
    )
