"""The guest list as a CSV or XLSX file. At most a few hundred rows are in memory at once."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.db.models import OuterRef, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.text import SHAPELESS
from events.models import Event
from tickets.checkin.scan_times import in_event_zone
from tickets.models import ReservationQuerySet, Ticket

# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection), and
# a guest can have any name.
SIGN = re.compile(r"[=+\-@＝＋－＠]")
# Spreadsheets may split the file at one of these instead of our separator: a cell begins after it.
SPLITS = set(";,|\t\r\n")
# Excel splits a file at the list separator of its language, without a question.
SEPARATORS = {"pl": ";"}
# The byte order mark, by which a spreadsheet recognizes UTF-8.
MARK = "\ufeff"
CHUNK = 500


def head() -> list[str]:
    return [
        _("Last name"),
        _("First name"),
        _("E-mail"),
        _("State"),
        _("Reserved"),
        _("Decided"),
        _("Checked in"),
        _("Ticket"),
        _("Note"),
    ]


def rows(event: Event) -> Iterator[list[str]]:
    """Yield the reservations in queue order, times in the event's time zone."""
    valid = Ticket.objects.valid().filter(reservation=OuterRef("pk"))
    columns: dict[str, Any] = {
        "code": Subquery(valid.values("code")),
        "inside_at": Subquery(valid.values("checked_in_at")),
    }

    def clock(moment: datetime | None) -> str:
        return f"{in_event_zone(moment, event):%Y-%m-%d %H:%M}" if moment else ""

    for one in in_chunks(
        event.reservations.in_queue_order().select_related("person").annotate(**columns)
    ):
        times = [clock(moment) for moment in (one.created, one.decided_at, one.inside_at)]
        yield [*name_and_address(one.person), one.state_words, *times, one.code or "", one.note]


def in_chunks(reservations: ReservationQuerySet) -> Iterator[Any]:
    """Yield all of them, each once, read in queries of CHUNK rows.

    So the first rows leave early, and a slow download keeps no transaction open.
    """
    some = list(reservations[:CHUNK])
    while some:
        yield from some
        some = list(reservations.after(some[-1].created, some[-1].pk)[:CHUNK])


def name_and_address(person: User) -> list[str]:
    if person.is_deleted:
        return [str(person), "", ""]
    return [person.last_name, person.first_name, person.email]


def csv_lines(event: Event) -> Iterator[str]:
    """Yield the file, a few hundred rows at a time.

    The separator is the one that a spreadsheet in the active language expects.
    """
    separator = SEPARATORS.get((get_language() or "")[:2], ",")
    lines = [MARK, csv_line(head(), separator)]
    for row in rows(event):
        lines.append(csv_line(row, separator))
        if len(lines) >= CHUNK:
            yield "".join(lines)
            lines = []
    yield "".join(lines)


def csv_line(row: list[str], separator: str = ",") -> str:
    """Return one row, every cell in quotes.

    Whichever of `, ; tab |` a program splits it at, no cell begins like a formula.
    """
    cells = (harmless(cell).replace('"', '""') for cell in row)
    return separator.join(f'"{cell}"' for cell in cells) + "\r\n"


def harmless(cell: str) -> str:
    """Return the text with an apostrophe before each formula, so that no spreadsheet computes it.

    A cell that begins with a tab or a new line gets an apostrophe too.
    """

    def guarded(sign: re.Match[str]) -> str:
        return f"'{sign[0]}" if begins_a_cell(cell, sign.start()) else sign[0]

    unseen = takewhile(is_unseen, cell)
    return "'" * any(letter in "\t\r\n" for letter in unseen) + SIGN.sub(guarded, cell)


def begins_a_cell(text: str, at: int) -> bool:
    """Whether a program may take what stands at this place for the first character of a cell."""
    while at and text[at - 1] not in SPLITS and is_unseen(text[at - 1]):
        at -= 1
    return at == 0 or text[at - 1] in SPLITS


def is_unseen(letter: str) -> bool:
    """Whether programs may ignore this character at the beginning of a cell.

    They may ignore quotes, spaces, marks, controls and characters without a width or a shape.
    """
    return letter in "\"'" or letter in SHAPELESS or unicodedata.category(letter)[0] in "CMZ"


def xlsx_file(event: Event) -> IO[bytes]:
    """Return the file, written to the disk row by row. Every cell is a string."""
    target = TemporaryFile()  # noqa: SIM115  the response closes it
    options: dict[str, Any] = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(_("Guests"))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 8, 18)
        sheet.write_row(0, 0, head(), book.add_format({"bold": True}))
        for number, row in enumerate(rows(event), start=1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    target.seek(0)
    return target
