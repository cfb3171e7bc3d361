"""The ticket on paper: one A4 page, drawn by xhtml2pdf from a template, without a connection to anywhere."""

import base64
import unicodedata
from datetime import datetime
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dateformat import format as in_words
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from reportlab.pdfbase.ttfonts import TTFontFile
from xhtml2pdf.config.resources import ResourceAccessPolicy

from events.colors import ink
from tickets import qr, signature
from tickets.models import Ticket

FONTS = Path(__file__).parent / "fonts"
# Nothing but our font files: no address, no other file. The code's picture is part of the document.
POLICY = ResourceAccessPolicy.server(FONTS, allow_remote=False, max_render_seconds=20)
NOTHING = "data:,"


def render(ticket: Ticket) -> bytes:
    """The ticket's PDF, in the active language. The ticket needs its event with organizer and its reservation with person."""
    from xhtml2pdf import pisa  # 0.2 s of import, which only a process that draws should pay

    out = BytesIO()
    pisa.CreatePDF(render_to_string("tickets/pdf/ticket.html", facts(ticket)), dest=out, link_callback=only_ours, resource_policy=POLICY)
    return out.getvalue()


def file_name(ticket: Ticket) -> str:
    return f"ticket-{ticket.code}.pdf"


def facts(ticket: Ticket) -> dict[str, object]:
    """What the template prints. Whatever people wrote goes through `printed`."""
    event = ticket.event
    picture = base64.b64encode(qr.png(signature.sign(ticket))).decode()
    return {
        "ticket": ticket,
        "event": event,
        "day": full_day(event.local_start),
        "issued": in_words(ticket.issued_at.astimezone(event.zone), "j E Y, H:i"),
        "ink": ink(event),
        "title": printed(event.title, most=200),
        "long": len(event.title) > 60,
        "place": printed(event.location, most=140),
        "organizer": printed(event.host, most=100),
        "guest": printed(ticket.reservation.person.get_full_name(), most=100),
        "picture": f"data:image/png;base64,{picture}",
        "page": address(reverse("tickets:ticket", args=[ticket.reservation_id])),
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


def printed(text: str, *, most: int) -> SafeString:
    """What somebody wrote, escaped, each run of letters in a font that has them. `most` letters, so that it stays on the page.

    The renderer knows no second font for a missing letter, so Greek and Cyrillic are marked for theirs. Control characters,
    the ones that turn the direction of text among them, are left out: they would print as boxes, or mislead.
    """
    text = Truncator("".join(c for c in text if not unicodedata.category(c).startswith("C"))).chars(most)
    runs = groupby(text, key=needs_other_font)
    return format_html_join("", "{}", ((mark("".join(letters), other=other),) for other, letters in runs))


def mark(letters: str, *, other: bool) -> SafeString:
    return format_html('<span class="other">{}</span>' if other else "{}", letters)


def needs_other_font(letter: str) -> bool:
    return ord(letter) not in letters_of("InstrumentSans-Regular") and ord(letter) in letters_of("DejaVuSans-Regular")


@cache
def letters_of(font: str) -> frozenset[int]:
    return frozenset(TTFontFile(str(FONTS / f"{font}.ttf")).charToGlyph)
