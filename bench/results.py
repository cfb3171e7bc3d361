"""The result of a case: figures, and verdicts on its budgets."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bench.load import Load
from bench.meter import Usage


@dataclass(frozen=True)
class Figure:
    """One measured load.

    Times in ms. By kind of process: `cpu` in ms a request, `sql` in statements a request, `memory`
    in MiB (PSS).
    """

    what: str
    clients: int
    rate: float
    p50: float
    p95: float
    p99: float
    cpu: dict[str, float] = field(default_factory=dict)
    sql: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """A budget and what was measured.

    `ratio` is to a yardstick that was measured by turns with it; `to` names the yardstick.
    """

    what: str
    measured: float
    unit: str
    budget: float
    at_least: bool = False
    ratio: float | None = None
    to: str = ""

    @property
    def is_met(self) -> bool:
        return self.measured >= self.budget if self.at_least else self.measured <= self.budget


@dataclass
class Result:
    figures: list[Figure] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    # Sentences below the table; and query plans by page.
    notes: list[str] = field(default_factory=list)
    plans: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        verdicts = [asdict(verdict) | {"is_met": verdict.is_met} for verdict in self.verdicts]
        return {
            "figures": [asdict(figure) for figure in self.figures],
            "verdicts": verdicts,
            "notes": self.notes,
            "plans": self.plans,
        }


def figure(
    what: str,
    clients: int,
    load: Load,
    *,
    usage: Usage | None = None,
    count: int = 0,
    memory: dict[str, float] | None = None,
) -> Figure:
    """`usage` on `count` requests becomes a request's share."""
    cpu = {kind: 1000 * seconds / count for kind, seconds in usage.cpu.items()} if usage else {}
    sql = {kind: calls / count for kind, calls in usage.sql.items()} if usage else {}
    return Figure(what, clients, load.rate, load.p50, load.p95, load.p99, cpu, sql, memory or {})
