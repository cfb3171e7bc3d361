"""The rush: 500 people at once for 100 seats, then 5,000."""

from collections import Counter

from bench.bench import Bench, Person, log
from bench.data import Database
from bench.load import Request, quantile
from bench.processes import Site
from bench.results import Result, Verdict
from bench.simultaneous import Answer, all_at_once

SEATS = 100
QUEUE = (
    "SELECT id, person_id, status FROM tickets_reservation WHERE event_id = %s ORDER BY created, id"
)
AUDIT = """
    SELECT target_id FROM eventflow_auditentry
    WHERE action = 'reservation.reserve' AND target_id = ANY(%s) ORDER BY id
"""


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    with bench.stack.site(database.name) as site:
        # A process that has answered before: its connections are open.
        all_at_once(site.ports, [Request("/api/events/")] * 64)
        rounds = [rush(bench, site, database, 500) for _ in range(bench.rounds)]
        judge_500(result, rounds)
        judge_5000(result, rush(bench, site, database, 5000))
    result.notes.append(bench.stack.manage(database.name, "check_invariants").strip())
    return result


def judge_500(result: Result, rounds: list[list[Answer]]) -> None:
    slowest = sorted(max(answer.seconds for answer in answers) for answers in rounds)
    reserved = min(sum(answer.status == 201 for answer in answers) for answers in rounds)
    median = slowest[len(slowest) // 2]
    result.verdicts += [
        Verdict("500 at once: the last answer, median of the rounds", median, "s", 2),
        Verdict("500 at once: reserved", reserved, "", 500, at_least=True),
    ]
    seconds = ", ".join(f"{seconds:.2f} s" for seconds in slowest)
    result.notes.append(f"500 at once: the last answer after {seconds}")


def judge_5000(result: Result, answers: list[Answer]) -> None:
    statuses = Counter(answer.status for answer in answers)
    others = len(answers) - statuses[201] - statuses[503]
    refused = [answer for answer in answers if answer.status == 503]
    without_wait = sum("retry-after" not in answer.headers for answer in refused)
    result.verdicts += [
        Verdict("5,000 at once: answers other than 201 and 503", others, "", 0),
        Verdict("5,000 at once: 503 without Retry-After", without_wait, "", 0),
    ]
    times = sorted(answer.seconds for answer in answers)
    result.notes.append(
        f"5,000 at once: {statuses[201]} reserved, {statuses[503]} refused with 503; "
        f"half answered in {quantile(times, 0.5):.1f} s, the last after {times[-1]:.1f} s"
    )


def rush(bench: Bench, site: Site, database: Database, count: int) -> list[Answer]:
    """So many people reserve at a fresh event with SEATS seats.

    Ends the bench if an acknowledged reservation is lost, or the order of the queue is broken.
    """
    event = bench.event(database, admission="automatic", seats=SEATS)
    people, path = bench.people(database, count), f"/api/events/{event}/register/"
    requests = [Request(path, "POST", (*person.for_api, "Content-Length: 0")) for person in people]
    answers = all_at_once(site.ports, requests)
    statuses = dict(Counter(answer.status for answer in answers))
    last = max(answer.seconds for answer in answers)
    log(f"{count} at once: {statuses}, the last after {last:.2f} s")
    check_queue(site, event, people, answers)
    return answers


def check_queue(site: Site, event: int, people: list[Person], answers: list[Answer]) -> None:
    """Compare the queue with the audit log and with what was answered."""
    with site.connect() as connection:
        stored = list(connection.execute(QUEUE, [event]))
        ids = [pk for pk, _person, _status in stored]
        audited = [pk for (pk,) in connection.execute(AUDIT, [ids])]
    statuses = [status for _pk, _person, status in stored]
    in_order = ["confirmed"] * SEATS + ["pending"] * (len(stored) - SEATS)
    check(statuses == in_order, "the first 100 in the queue have the seats")
    check(ids == audited, "the order of the queue is the order of the commits")
    pairs = zip(people, answers, strict=True)
    acknowledged = {person.id: answer.data for person, answer in pairs if answer.status == 201}
    known = {person for _pk, person, _status in stored}
    check(acknowledged.keys() <= known, "no acknowledged reservation is lost")
    answered = {data["reservation_id"]: data["status"] for data in acknowledged.values()}
    check(
        all(answered.get(pk, status) == status for pk, _person, status in stored),
        "every answer names the stored status",
    )


def check(condition: bool, claim: str) -> None:
    if not condition:
        raise SystemExit(f"rush: it is not true that {claim}.")
