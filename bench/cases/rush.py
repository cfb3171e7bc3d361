"""The rush: 500 people at once for 100 places, then 5,000."""

from collections import Counter

from bench.bench import Bench, say
from bench.data import Database
from bench.flow import Told, all_at_once
from bench.load import Ask, quantile
from bench.results import Result, Verdict
from bench.stack import Site

PLACES = 100
QUEUE = (
    "SELECT id, person_id, status FROM tickets_reservation WHERE event_id = %s ORDER BY created, id"
)
AUDIT = "SELECT target_id FROM eventflow_auditentry WHERE action = 'reservation.reserve' AND target_id = ANY(%s) ORDER BY id"


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    with bench.stack.site(database.name) as site:
        # A process that has answered before: its connections are open.
        all_at_once(site.ports, [Ask("/api/events/")] * 64)
        rounds = [rush(bench, site, database, 500) for _ in range(bench.rounds)]
        slowest = sorted(max(told.seconds for told in answers) for answers in rounds)
        answered = min(sum(told.status == 201 for told in answers) for answers in rounds)
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
        statuses = Counter(told.status for told in many)
        turned_away = [told for told in many if told.status == 503]
        result.verdicts += [
            Verdict(
                "5,000 at once: answers other than 201 and 503",
                5000 - statuses[201] - statuses[503],
                "",
                0,
            ),
            Verdict(
                "5,000 at once: 503 without Retry-After",
                sum("retry-after" not in told.headers for told in turned_away),
                "",
                0,
            ),
        ]
        times = sorted(told.seconds for told in many)
        half, last = quantile(times, 0.5), times[-1]
        many_said = f"{statuses[201]} reserved, {statuses[503]} turned away with 503; half answered in {half:.1f} s, the last after {last:.1f} s"
        result.notes += [
            f"5,000 at once: {many_said}",
            f"500 at once: the last answer after {', '.join(f'{seconds:.2f} s' for seconds in slowest)}",
        ]
    result.notes.append(bench.stack.manage(database.name, "check_invariants").strip())
    return result


def rush(bench: Bench, site: Site, database: Database, how_many: int) -> list[Told]:
    """So many people reserve at a fresh event with PLACES seats. Ends the bench if an acknowledged place is lost, or somebody was overtaken."""
    event = bench.event(database, admission="automatic", seats=PLACES)
    people = bench.people(database, how_many)
    asks = [
        Ask(f"/api/events/{event}/register/", "POST", (*person.for_api, "Content-Length: 0"))
        for person in people
    ]
    answers = all_at_once(site.ports, asks)
    say(
        f"{how_many} at once: {dict(Counter(told.status for told in answers))}, the last after {max(told.seconds for told in answers):.2f} s"
    )
    with site.connect() as connection:
        kept = list(connection.execute(QUEUE, [event]))
        written_down = [
            pk for (pk,) in connection.execute(AUDIT, [[pk for pk, _person, _status in kept]])
        ]
    acknowledged = {
        person.id: told.data
        for person, told in zip(people, answers, strict=True)
        if told.status == 201
    }
    in_order = ["confirmed"] * PLACES + ["pending"] * (len(kept) - PLACES)
    prove(
        [status for _pk, _person, status in kept] == in_order,
        "the first 100 in the queue have the places",
    )
    prove(
        [pk for pk, _person, _status in kept] == written_down,
        "the order of the queue is the order of the commits",
    )
    prove(
        acknowledged.keys() <= {person for _pk, person, _status in kept},
        "no acknowledged place is lost",
    )
    said = {data["reservation_id"]: data["status"] for data in acknowledged.values()}
    prove(
        all(said.get(pk, status) == status for pk, _person, status in kept),
        "everybody was told the truth",
    )
    return answers


def prove(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"rush: it does not hold that {what}.")
