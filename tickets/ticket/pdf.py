"""The ticket as a PDF of one A4 page, made by xhtml2pdf from a template without any network."""

import base64
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from unicodedata import bidirectional
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dateformat import format as in_words
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from xhtml2pdf.config.resources import ResourceAccessPolicy

from accounts.models import User
from events.colors import dark_color
from tickets.models import Ticket
from tickets.ticket import lettering, qr, shaping, signature
from tickets.ticket.lettering import FACES, Face

FONTS = lettering.FOLDER
# The renderer may read our font files only. The picture of the code is part of the document.
POLICY = ResourceAccessPolicy.server(FONTS, allow_remote=False, max_render_seconds=20)
NOTHING = "data:,"
# How many letters and paragraphs of the event's description fit below the ticket.
MOST_ABOUT, MOST_PARAGRAPHS = 900, 10
# How many letters of one word fit into a column of the ticket at its usual size.
LONG_WORD = 18


def render(ticket: Ticket) -> bytes:
    """Return the ticket's PDF, in the active language.

    The ticket needs its event with the organizer, and its reservation with the person.
    """
    from xhtml2pdf import pisa  # takes 0.2 s, which only a process that renders should need

    out, context = BytesIO(), facts(ticket)
    for face in context["faces"]:
        if face.is_shaped:
            shaping.register(face.family, FONTS / face.regular)
    pisa.CreatePDF(
        render_to_string("tickets/pdf/ticket.html", context),
        dest=out,
        link_callback=only_ours,
        resource_policy=POLICY,
    )
    return out.getvalue()


def file_name(ticket: Ticket) -> str:
    return f"ticket-{ticket.code}.pdf"


def facts(ticket: Ticket) -> dict[str, Any]:
    """Return the template's context. All text that people wrote goes through `printed`."""
    event = ticket.event
    texts = {
        "title": printed(event.title, most=200, otherwise=address(event.get_absolute_url())),
        "place": printed(event.location, most=120, otherwise=_("See the event’s page")),
        "organizer": printed(event.organizer_name, most=80),
        "guest": printed_guest(ticket.reservation.person),
    }
    is_long = any(text.is_long for text in texts.values())
    # Long texts leave no room for the description.
    about = [] if is_long else paragraphs(event.description, most=MOST_ABOUT)
    used = set[Face]().union(*(text.faces for text in [*texts.values(), *about]))
    picture = base64.b64encode(qr.png(signature.qr_text(ticket))).decode()
    return {
        "ticket": ticket,
        "event": event,
        "day": full_day(event.local_start),
        "issued": in_words(ticket.issued_at.astimezone(event.zone), "j E Y, H:i"),
        "ink": dark_color(event),
        **texts,
        "about": about,
        "faces": sorted(used - {lettering.OWN}, key=FACES.index),
        "long": is_long,
        "picture": f"data:image/png;base64,{picture}",
        "page": address(reverse("tickets:mine")),
        "event_page": address(event.get_absolute_url()),
    }


def full_day(moment: datetime) -> str:
    """Return the day with its year, as a PDF may be kept: `Friday, 11 December 2026`."""
    return capfirst(in_words(moment, "l, j E Y"))


def address(path: str) -> str:
    """Return the address without its scheme, as people read it aloud."""
    return urlsplit(settings.SITE_URL).netloc + path


def only_ours(address: str, relative_to: str | None) -> str:
    """Return where the renderer may read this from.

    That is one of our fonts, or a picture in the document itself; anything else is empty.
    """
    font = FONTS / address
    if font.parent == FONTS and font.suffix == ".ttf":
        return str(font)
    return address if address.startswith("data:image/png;base64,") else NOTHING


@dataclass(frozen=True)
class Printed:
    """A text as the PDF shows it: runs of letters, each in a font that has them."""

    runs: tuple[tuple[Face, str], ...]

    @property
    def faces(self) -> set[Face]:
        return {face for face, _ in self.runs}

    @property
    def direction(self) -> str:
        """The direction of its first letter, as `dir="auto"` has it on a page."""
        classes = (bidirectional(letter) for _, letters in self.runs for letter in letters)
        first = next((one for one in classes if one in {"L", "R", "AL"}), "L")
        return "ltr" if first == "L" else "rtl"

    @property
    def is_long(self) -> bool:
        """Whether it needs smaller letters, so that everything stays on one page."""
        return sum(len(letters) for _, letters in self.runs) > 60

    @property
    def has_long_word(self) -> bool:
        """Whether a word, as an e-mail address, needs smaller letters to fit into its column."""
        text = "".join(letters for _, letters in self.runs)
        return any(len(word) > LONG_WORD for word in text.split())

    def __str__(self) -> SafeString:
        """Return the text escaped, each run with the class of its font."""
        return format_html_join("", "{}", ((mark(face, letters),) for face, letters in self.runs))


def printed(text: str, *, most: int, otherwise: str = "") -> Printed:
    """Return what can be printed of the text, at most `most` letters, so that it fits on the page.

    `otherwise`: what is printed when nothing of the text can be.
    """
    words = Truncator(lettering.readable(text) or otherwise).chars(most)
    return Printed(tuple(lettering.runs(words)))


def paragraphs(text: str, *, most: int) -> list[Printed]:
    """Return the paragraphs at the beginning of a longer text, at most `most` letters in all."""
    found: list[Printed] = []
    for line in text.splitlines():
        # Of a very long line more than `most` is read, because some letters may be left out.
        words = Truncator(lettering.readable(line[: 4 * most])).chars(most)
        if words:
            found.append(Printed(tuple(lettering.runs(words))))
            most -= len(words)
        if most <= 0 or len(found) == MOST_PARAGRAPHS:
            break
    return found


def printed_guest(person: User) -> Printed:
    """Return the guest's name; their e-mail address where a word of the name can't be printed."""
    name = person.get_full_name()
    text = person.email if lettering.unreadable(name) else name
    return printed(text, most=100, otherwise=person.email)


def mark(face: Face, letters: str) -> SafeString:
    if face is lettering.OWN:
        return format_html("{}", letters)
    return format_html('<span class="{}">{}</span>', face.mark, letters)
