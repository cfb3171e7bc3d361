"""The pages of the organizer's panel: their addresses, a filled-in editor, toasts and errors."""

from django.urls import reverse

from tests.support.markup import all_words, has_class, tree, words

PANEL = "/organizer/"
NEW = "/organizer/events/new/"
HTMX = {"HX-Request": "true"}
TYPED = {
    "title": "Night Print",
    "description": "Bring an apron.",
    "location": "Ruska 46c",
    "start_time": "2036-12-12T18:00",
    "end_time": "2036-12-12T22:00",
    "time_zone": "Europe/Warsaw",
    "seats_limit": "24",
    "admission": "automatic",
    "hue": "cherry",
    "pattern": "tiles",
}


def edit_url(event):
    return reverse("events:edit", args=[event.pk])


def live_url(event):
    return reverse("events:live", args=[event.pk])


def cancel_url(event):
    return reverse("events:cancel", args=[event.pk])


def toasts(response):
    return all_words(response, f"//*[@id='toasts']/div[{has_class('toast')}]/p")


def errors(response):
    """Each message of the summary, as {id of the field: message}."""
    links = tree(response).xpath(f"//div[{has_class('error-summary')}]//a")
    return {link.get("href")[1:]: words(link).partition(": ")[2] for link in links}
