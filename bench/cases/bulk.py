"""Bulk approval: 500 at once by one organizer, and every mail with its PDF through SMTP."""

import email
import email.policy
import re
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from bench.bench import Bench, Person, log
from bench.data import Database
from bench.load import Client, Request
from bench.processes import Site
from bench.results import Result, Verdict

HOW_MANY = 500
LONGEST = 300
WAITING = """
    INSERT INTO tickets_reservation (person_id, event_id, status, created, decided_at,
        decided_by_id, message, note, key)
    SELECT id, %(event)s, 'pending', now() + id * interval '1 microsecond', NULL, NULL, '', '', ''
    FROM accounts_user WHERE id = ANY(%(people)s) RETURNING id
"""
COUNT = "UPDATE events_event SET pending_count = %(how_many)s WHERE id = %(event)s"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    with bench.stack.site(database.name) as site:
        event, waiting = queue_up(bench, site, database)
        organizer = bench.signed_in(database, database.organizer)[0]
        box = set(bench.stack.mail_folder.glob("*.eml"))
        begun = time.monotonic()
        with site.meter() as usage:
            answered = approve(site, organizer, event, waiting)
            letters = wait_for_letters(bench.stack.mail_folder, box)
            seconds = time.monotonic() - begun
        with site.connect() as connection:
            confirmed = connection.execute(
                "SELECT confirmed_count FROM events_event WHERE id = %s", [event]
            ).fetchone()
    check(confirmed == (HOW_MANY,), f"all {HOW_MANY} are confirmed, not {confirmed}")
    check(has_one_pdf_each(letters), "every guest got one letter, with the ticket as PDF")
    result.verdicts = [
        Verdict(f"the answer to approving {HOW_MANY}", answered / 1000, "s", 3),
        Verdict("every mail with its PDF is out, 10 s of grace included", seconds, "s", 90),
    ]
    cpu = ", ".join(f"{kind} {1000 * used / HOW_MANY:.0f} ms" for kind, used in usage.cpu.items())
    result.notes.append(
        f"CPU a mail: {cpu}; {usage.sql['worker'] / HOW_MANY:.1f} statements by the worker"
    )
    return result


def queue_up(bench: Bench, site: Site, database: Database) -> tuple[int, list[int]]:
    """A fresh event and the reservations that wait there."""
    event = bench.event(database)
    people = [person.id for person in bench.people(database, HOW_MANY)]
    with site.connect() as connection:
        waiting = [pk for (pk,) in connection.execute(WAITING, {"event": event, "people": people})]
        connection.execute(COUNT, {"event": event, "how_many": HOW_MANY})
    return event, waiting


def approve(site: Site, organizer: Person, event: int, waiting: list[int]) -> float:
    """Approve as a browser does: all boxes ticked on the queue page. Returns ms to the answer."""
    client, page = Client(site.ports[0]), f"/organizer/events/{event}/queue/"
    status, html, _ms = client.send(Request(page, headers=organizer.for_pages))
    check(status == 200, f"the queue page answers {status}")
    token = TOKEN.search(html)
    if token is None:
        raise SystemExit("bulk: the queue page has no CSRF token.")
    fields = [("csrfmiddlewaretoken", token[1].decode()), *(("r", pk) for pk in waiting)]
    form = urlencode(fields)
    headers = (
        f"Cookie: {organizer.cookie}; csrftoken={client.cookies['csrftoken']}",
        "Content-Type: application/x-www-form-urlencoded",
    )
    status, html, ms = client.send(Request(f"{page}confirm/", "POST", headers, form))
    log(f"approving {len(waiting)}: {status} after {ms:.0f} ms")
    check(status in {200, 302}, f"approving answers {status}: {html[:500]!r}")
    return ms


def wait_for_letters(folder: Path, before: set[Path]) -> list[Path]:
    until = time.monotonic() + LONGEST
    while len(letters := set(folder.glob("*.eml")) - before) < HOW_MANY:
        if time.monotonic() > until:
            raise SystemExit(f"bulk: after {LONGEST} s only {len(letters)} letters are out.")
        time.sleep(0.2)
    return sorted(letters)


def has_one_pdf_each(letters: list[Path]) -> bool:
    read = [
        email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
        for letter in letters
    ]
    pdfs = [
        [part for part in letter.iter_attachments() if part.get_content_type() == "application/pdf"]
        for letter in read
    ]
    whole = all(len(found) == 1 and found[0].get_content().startswith(b"%PDF-") for found in pdfs)
    return whole and set(Counter(letter["To"] for letter in read).values()) == {1}


def check(condition: bool, claim: str) -> None:
    if not condition:
        raise SystemExit(f"bulk: it is not true that {claim}.")
