"""The search of check-in: guests of one event by the beginning of a name, address or code."""

from functools import reduce
from operator import and_

from django.db.models import Func, Q, TextField, Value
from django.db.models.functions import Concat

from accounts.models import User
from eventflow.core.search import NOTHING, every_word
from eventflow.core.text import email_key, fold
from events.models import Event
from tickets.checkin.access import CheckInActor
from tickets.checkin.codes import normalized, short_code_in
from tickets.checkin.lookup import with_guest_and_event
from tickets.models import Ticket, TicketQuerySet

# No code begins like this.
NO_CODE = "-"
MOST_HITS = 20
LONGEST_QUERY, MOST_WORDS = 100, 4
NAMES = ("first_name_folded", "last_name_folded")


def search(event: Event, query: str, *, actor: CheckInActor) -> list[Ticket]:
    """Return up to 20 valid tickets of the event, by last name of the guest.

    The guest's names, address or the ticket's code begin with `query`. Fewer than two letters find
    nothing. A device that came by a gate's link finds only whole codes: letter by letter it could
    find out all of them. One query.
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
    """Return all valid tickets that can match, and few others.

    They are found by the indexes of codes and of people's names.
    """
    named = every_word(" ".join(query_words(text)), *NAMES) if query_words(text) else NOTHING
    people = User.objects.filter(Q(email__startswith=email_key(text)) | named).order_by()
    valid = event.tickets.valid().order_by()
    by_code = valid.filter(code__startswith=code)
    by_person = valid.filter(reservation__person__in=people.values("pk"))
    return Ticket.objects.filter(pk__in=by_code.values("pk").union(by_person.values("pk")))


def printable(query: str) -> str:
    """Return the text without control characters and lone surrogates.

    No name contains them, and PostgreSQL refuses them.
    """
    return "".join(c for c in query[:LONGEST_QUERY] if c.isprintable()).strip()


def as_code_prefix(text: str) -> str:
    """Return the beginning of a code as codes are stored: `7K4M-2Q` for `7k4m2q`."""
    code = normalized(text)
    return f"{code[:4]}-{code[4:]}" if len(code) > 4 else code


def folded_name() -> Func:
    """Every word of the guest's names, folded, each after a space: ` jan kowalska zielinska`."""
    first, last = (f"reservation__person__{name}" for name in NAMES)
    return Concat(Value(" "), first, Value(" "), last, output_field=TextField())


def query_words(text: str) -> list[str]:
    return fold(text).split()[:MOST_WORDS]


def name_matches(text: str) -> Q:
    """Each of the first words of the text begins a word of the guest's names, both folded."""
    begins = (Q(words__contains=f" {word}") for word in query_words(text))
    return reduce(and_, begins, Q()) or NOTHING
