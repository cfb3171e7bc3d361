"""Guests of one event by the beginning of a name, an address or a code."""

from functools import reduce
from operator import and_

from django.db.models import Func, Q, TextField, Value
from django.db.models.functions import Concat

from accounts.models import User
from eventflow.core.search import NOTHING, every_word
from eventflow.core.text import email_key, fold
from events.models import Event
from tickets.checkin.access import CheckInActor
from tickets.checkin.codes import normalized, short_code_in, with_guest_and_event
from tickets.models import Ticket, TicketQuerySet

# No code begins like this.
NO_CODE = "-"
MOST_HITS = 20
LONGEST_QUERY, MOST_WORDS = 100, 4
NAMES = ("first_name_folded", "last_name_folded")


def search(event: Event, query: str, *, actor: CheckInActor) -> list[Ticket]:
    """Up to 20 valid tickets of the event whose guest's names, address or code begin with what was typed, by last name.

    Fewer than two letters find nobody: there is no telling whom they mean. A phone that came by a link finds a code only whole,
    because letter by letter it could learn all of them. One query.
    """
    text = printable(query)
    if len(normalized(text)) < 2:
        return []
    code = (short_code_in(text) or NO_CODE) if actor.came_by_link else as_code_prefix(text)
    tickets = candidates(event, text, code).annotate(words=folded_name())
    by_address = Q(reservation__person__email__startswith=email_key(text))
    wanted = Q(code__startswith=code) | by_address | name_matches(text)
    order = ["reservation__person__last_name", "reservation__person__first_name", "pk"]
    return list(with_guest_and_event(tickets.filter(wanted)).order_by(*order)[:MOST_HITS])


def candidates(event: Event, text: str, code: str) -> TicketQuerySet:
    """The valid tickets among which those that are looked for are, and few others: what the indexes of codes and of people's names find."""
    named = every_word(" ".join(query_words(text)), *NAMES) if query_words(text) else NOTHING
    people = User.objects.filter(Q(email__startswith=email_key(text)) | named).order_by()
    valid = event.tickets.valid().order_by()
    by_code, by_person = (
        valid.filter(code__startswith=code),
        valid.filter(reservation__person__in=people.values("pk")),
    )
    return Ticket.objects.filter(pk__in=by_code.values("pk").union(by_person.values("pk")))


def printable(query: str) -> str:
    """Without control characters and halves of characters, which no name holds and PostgreSQL does not take."""
    return "".join(c for c in query[:LONGEST_QUERY] if c.isprintable()).strip()


def as_code_prefix(text: str) -> str:
    """`7K4M-2Q` from `7k4m2q`."""
    code = normalized(text)
    return f"{code[:4]}-{code[4:]}" if len(code) > 4 else code


def folded_name() -> Func:
    """` jan kowalska zielinska`: every word folded, the parts of a double name too, behind a space."""
    first, last = (f"reservation__person__{name}" for name in NAMES)
    return Concat(Value(" "), first, Value(" "), last, output_field=TextField())


def query_words(text: str) -> list[str]:
    return fold(text).split()[:MOST_WORDS]


def name_matches(text: str) -> Q:
    """Each of the first words typed begins a word of the guest's name, whatever its case and the marks on its letters."""
    return (
        reduce(and_, (Q(words__contains=f" {word}") for word in query_words(text)), Q()) or NOTHING
    )
