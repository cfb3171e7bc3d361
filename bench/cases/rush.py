"""The rush: 500 people at once for 100 seats, then 5,000."""

from collections import Counter

from bench.bench import Bench, log
from bench.data import Database
from bench.load import Request, quantile
from bench.results import Result, Verdict
from bench.simultaneous import Answer, all_at_once
from bench.stack import Site

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
        slowest = sorted(max(answer.seconds for answer in answers) for answers in rounds)
        answered = min(sum(answer.status == 201 for answer in answers) for answers in rounds)
        result.verdicts = [
            Verdict(
                "500 at once: the last answer, median of the rounds",
                slowest[len(slowest) // 2],
                "s",
                2,
            ),
            Verdict("500 at once: reserved", answered, "", 500, at_least=True),
        ]
        many = rush(bench, site, database, 5000)
        statuses = Counter(answer.status for answer in many)
        turned_away = [answer for answer in many if answer.status == 503]
        result.verdicts += [
            Verdict(
                "5,000 at once: answers other than 201 and 503",
                5000 - statuses[201] - statuses[503],
                "",
                0,
            ),
            Verdict(
                "5,000 at once: 503 without Retry-After",
                sum("retry-after" not in answer.headers for answer in turned_away),
                "",
                0,
            ),
        ]
        times = sorted(answer.seconds for answer in many)
        half, last = quantile(times, 0.5), times[-1]
        counted = f"{statuses[201]} reserved, {statuses[503]} refused with 503"
        timed = f"half answered in {half:.1f} s, the last after {last:.1f} s"
        rounds_timed = ", ".join(f"{seconds:.2f} s" for seconds in slowest)
        result.notes += [
            f"5,000 at once: {counted}; {timed}",
            f"500 at once: the last answer after {rounds_timed}",
        ]
    result.notes.append(bench.stack.manage(database.name, "check_invariants").strip())
    return result


def rush(bench: Bench, site: Site, database: Database, count: int) -> list[Answer]:
    """So many people reserve at a fresh event with SEATS seats.

    Ends the bench if an acknowledged reservation is lost, or the order of the queue is broken.
    """
    event = bench.event(database, admission="automatic", seats=SEATS)
    people = bench.people(database, count)
    requests = [
        Request(f"/api/events/{event}/register/", "POST", (*person.for_api, "Content-Length: 0"))
        for person in people
    ]
    answers = all_at_once(site.ports, requests)
    statuses = dict(Counter(answer.status for answer in answers))
    last = max(answer.seconds for answer in answers)
    log(f"{count} at once: {statuses}, the last after {last:.2f} s")
    with site.connect() as connection:
        stored = list(connection.execute(QUEUE, [event]))
        written_down = [
            pk for (pk,) in connection.execute(AUDIT, [[pk for pk, _person, _status in stored]])
        ]
    acknowledged = {
        person.id: answer.data
        for person, answer in zip(people, answers, strict=True)
        if answer.status == 201
    }
    in_order = ["confirmed"] * SEATS + ["pending"] * (len(stored) - SEATS)
    check(
        [status for _pk, _person, status in stored] == in_order,
        "the first 100 in the queue have the seats",
    )
    check(
        [pk for pk, _person, _status in stored] == written_down,
        "the order of the queue is the order of the commits",
    )
    check(
        acknowledged.keys() <= {person for _pk, person, _status in stored},
        "no acknowledged reservation is lost",
    )
    answered = {data["reservation_id"]: data["status"] for data in acknowledged.values()}
    check(
        all(answered.get(pk, status) == status for pk, _person, status in stored),
        "every answer names the stored status",
    )
    return answers


def check(condition: bool, claim: str) -> None:
    if not condition:
        raise SystemExit(f"rush: it is not true that {claim}.")
