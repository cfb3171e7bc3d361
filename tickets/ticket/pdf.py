"""The ticket on paper: one A4 page, drawn by xhtml2pdf from a template, without a connection to anywhere."""

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
# Nothing but our font files: no address, no other file. The code's picture is part of the document.
POLICY = ResourceAccessPolicy.server(FONTS, allow_remote=False, max_render_seconds=20)
NOTHING = "data:,"
# What of the event's own text fits below the ticket. What is wider than most text is printed smaller.
MOST_ABOUT, MOST_PARAGRAPHS = 900, 10
# Letters that fit beside each other into a column of the ticket at its usual size.
LONG_WORD = 18


def render(ticket: Ticket) -> bytes:
    """The ticket's PDF, in the active language. The ticket needs its event with organizer and its reservation with person."""
    from xhtml2pdf import pisa  # 0.2 s of import, which only a process that draws should pay

    out, said = BytesIO(), facts(ticket)
    for face in said["faces"]:
        if face.is_shaped:
            shaping.register(face.family, FONTS / face.regular)
    pisa.CreatePDF(
        render_to_string("tickets/pdf/ticket.html", said),
        dest=out,
        link_callback=only_ours,
        resource_policy=POLICY,
    )
    return out.getvalue()


def file_name(ticket: Ticket) -> str:
    return f"ticket-{ticket.code}.pdf"


def facts(ticket: Ticket) -> dict[str, Any]:
    """What the template prints. Whatever people wrote goes through `printed`."""
    event = ticket.event
    texts = {
        "title": printed(event.title, most=200, otherwise=address(event.get_absolute_url())),
        "place": printed(event.location, most=120, otherwise=_("See the event’s page")),
        "organizer": printed(event.organizer_name, most=80),
        "guest": printed_guest(ticket.reservation.person),
    }
    is_long = any(text.is_long for text in texts.values())
    # Long words leave no room for it.
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
    """`Friday, 11 December 2026`: paper is kept, so it always says the year."""
    return capfirst(in_words(moment, "l, j E Y"))


def address(path: str) -> str:
    """As people read an address aloud, without the scheme."""
    return urlsplit(settings.SITE_URL).netloc + path


def only_ours(address: str, relative_to: str | None) -> str:
    """Where the renderer may read this from: one of our fonts, or what the document itself holds. Anything else is nothing."""
    font = FONTS / address
    if font.parent == FONTS and font.suffix == ".ttf":
        return str(font)
    return address if address.startswith("data:image/png;base64,") else NOTHING


# --- Letters ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    """What somebody wrote, as paper shows it: runs of letters, each in a font that has them."""

    runs: tuple[tuple[Face, str], ...]

    @property
    def faces(self) -> set[Face]:
        return {face for face, _ in self.runs}

    @property
    def direction(self) -> str:
        """That of its first letter, like `dir="auto"` on a page."""
        classes = (bidirectional(letter) for _, letters in self.runs for letter in letters)
        return (
            "rtl"
            if next((one for one in classes if one in {"L", "R", "AL"}), "L") != "L"
            else "ltr"
        )

    @property
    def is_long(self) -> bool:
        """Whether it needs smaller letters, so that everything stays on one page."""
        return sum(len(letters) for _, letters in self.runs) > 60

    @property
    def has_long_word(self) -> bool:
        """Whether a word, as an e-mail address, needs smaller letters, so that it stands in one line of its column."""
        return any(
            len(word) > LONG_WORD for word in "".join(letters for _, letters in self.runs).split()
        )

    def __str__(self) -> SafeString:
        """Escaped; each run is marked for its font."""
        return format_html_join("", "{}", ((mark(face, letters),) for face, letters in self.runs))


def printed(text: str, *, most: int, otherwise: str = "") -> Printed:
    """What can be printed of the text, at most so many letters of it, so that it stays on the page. `otherwise`: when nothing can."""
    words = Truncator(lettering.readable(text) or otherwise).chars(most)
    return Printed(tuple(lettering.runs(words)))


def paragraphs(text: str, *, most: int) -> list[Printed]:
    """What can be printed of the beginning of a longer text, paragraph by paragraph, at most so many letters of it in all."""
    found: list[Printed] = []
    for line in text.splitlines():
        # The rest of an endless line is not read: some of its letters may be left out, most are not.
        words = Truncator(lettering.readable(line[: 4 * most])).chars(most)
        if words:
            found.append(Printed(tuple(lettering.runs(words))))
            most -= len(words)
        if most <= 0 or len(found) == MOST_PARAGRAPHS:
            break
    return found


def printed_guest(person: User) -> Printed:
    """The guest's name; their e-mail address where a word of the name can't be printed, so that the door can tell who it is."""
    name = person.get_full_name()
    return printed(
        person.email if lettering.unreadable(name) else name, most=100, otherwise=person.email
    )


def mark(face: Face, letters: str) -> SafeString:
    return (
        format_html("{}", letters)
        if face is lettering.OWN
        else format_html('<span class="{}">{}</span>', face.mark, letters)
    )
