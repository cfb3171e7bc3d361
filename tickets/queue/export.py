"""The guest list as a file: as many rows as there are, and never more than a few hundred of them in memory."""

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
from tickets.checkin.scan_times import at_the_place
from tickets.models import ReservationQuerySet, Ticket

# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection). A guest can be called anything.
SIGN = re.compile(r"[=+\-@＝＋－＠]")
# Where it splits a file at another character than we wrote, a cell begins after any of these.
SPLITS = set(";,|\t\r\n")
# Excel splits a file at what the language writes lists with, and asks nobody.
SEPARATORS = {"pl": ";"}
# What a spreadsheet reads an UTF-8 file by.
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
    """The reservations in the order of the queue, times on the clock of the event."""
    valid = Ticket.objects.valid().filter(reservation=OuterRef("pk"))
    columns: dict[str, Any] = {
        "code": Subquery(valid.values("code")),
        "inside_at": Subquery(valid.values("checked_in_at")),
    }

    def clock(moment: datetime | None) -> str:
        return f"{at_the_place(moment, event):%Y-%m-%d %H:%M}" if moment else ""

    for one in in_chunks(
        event.reservations.in_queue_order().select_related("person").annotate(**columns)
    ):
        times = [clock(moment) for moment in (one.created, one.decided_at, one.inside_at)]
        yield [*name_and_address(one.person), one.state_words, *times, one.code or "", one.note]


def in_chunks(reservations: ReservationQuerySet) -> Iterator[Any]:
    """All of them, each once, a few hundred with each query: the first need not wait for the last, and no transaction for a slow reader."""
    some = list(reservations[:CHUNK])
    while some:
        yield from some
        some = list(reservations.after(some[-1].created, some[-1].pk)[:CHUNK])


def name_and_address(person: User) -> list[str]:
    return (
        [str(person), "", ""]
        if person.is_deleted
        else [person.last_name, person.first_name, person.email]
    )


def csv_lines(event: Event) -> Iterator[str]:
    """The file, a few hundred rows at a time, split as a spreadsheet in the active language expects it."""
    separator = SEPARATORS.get((get_language() or "")[:2], ",")
    lines = [MARK, csv_line(head(), separator)]
    for row in rows(event):
        lines.append(csv_line(row, separator))
        if len(lines) >= CHUNK:
            yield "".join(lines)
            lines = []
    yield "".join(lines)


def csv_line(row: list[str], separator: str = ",") -> str:
    """One row, every cell in quotes. Whichever of `, ; tab |` a program splits it at, no cell begins like a formula."""
    cells = (harmless(cell).replace('"', '""') for cell in row)
    return separator.join(f'"{cell}"' for cell in cells) + "\r\n"


def harmless(cell: str) -> str:
    """The same words, as words: an apostrophe in front of each formula keeps a spreadsheet from
    working it out. So does one in front of a cell that begins with a tab or a new line.
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
    """Whether programs may leave it out at the beginning of a cell: quotes, and what is no letter,
    digit or sign of its own (spaces, marks, controls, characters without a width or a shape)."""
    return letter in "\"'" or letter in SHAPELESS or unicodedata.category(letter)[0] in "CMZ"


def xlsx_file(event: Event) -> IO[bytes]:
    """The file, written to the disk row by row. Cells are strings, whatever they begin with."""
    target = TemporaryFile()  # noqa: SIM115  whoever sends it closes it
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
