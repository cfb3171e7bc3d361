"""What processes use: CPU and memory as Linux counts them, statements as PostgreSQL does."""

import os
import re
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
STATEMENTS = """
    SELECT rolname, sum(calls) FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid
        JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = current_database() GROUP BY rolname
"""


@dataclass
class Usage:
    """By kind of process: seconds of CPU, statements to PostgreSQL with BEGIN and COMMIT."""

    cpu: dict[str, float] = field(default_factory=dict)
    sql: dict[str, int] = field(default_factory=dict)


class Meter:
    """Measures what is used inside of `with`; `usage` has it afterwards."""

    def __init__(
        self, pids: dict[str, list[int]], *, postmaster: int, connect: Callable[[], Any]
    ) -> None:
        self.pids, self.postmaster, self.connect = pids, postmaster, connect
        self.usage = Usage()

    def __enter__(self) -> Usage:
        self.connection = self.connect()
        self.connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self.sql, self.cpu = self.statements(), self.seconds()
        return self.usage

    def __exit__(self, *exc_info: object) -> None:
        cpu, sql = self.seconds(), self.statements()
        self.usage.cpu = {kind: seconds - self.cpu[kind] for kind, seconds in cpu.items()}
        self.usage.sql = {
            role: calls - self.sql.get(role, 0) for role, calls in sql.items() if role != "bench"
        }
        self.connection.close()

    def statements(self) -> dict[str, int]:
        return {role: int(calls) for role, calls in self.connection.execute(STATEMENTS)}

    def seconds(self) -> dict[str, float]:
        ours = {kind: sum(map(cpu_seconds, pids)) for kind, pids in self.pids.items()}
        # Those of its backends that have ended count as the postmaster's children.
        return ours | {
            "postgres": cpu_seconds(self.postmaster, ended_children=True)
            + sum(map(cpu_seconds, children_of(self.postmaster)))
        }

    def memory(self) -> dict[str, float]:
        """MiB by kind of process; what several share is divided among them (PSS)."""
        return {kind: sum(map(pss, pids)) for kind, pids in self.pids.items()} | {
            "postgres": sum(map(pss, children_of(self.postmaster)))
        }


class MachineUsage:
    """Seconds of CPU that the machine has used since, and how many of them were not ours."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.begun = self.all_and_ours()

    def all_and_ours(self) -> tuple[float, float]:
        # user, nice, system; then idle and waiting for the disk; then interrupts and the host's.
        busy = [
            int(value)
            for number, value in enumerate(
                Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
            )
            if number not in {3, 4}
        ]
        ended = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        running = [process.pid for process in self.stack.processes]
        running += [pid for parent in running for pid in children_of(parent)]
        ours = sum(usage.ru_utime + usage.ru_stime for usage in ended) + sum(
            cpu_seconds(pid) for pid in running
        )
        return sum(busy) / TICK, ours + cpu_seconds(
            self.stack.postgresql.pid, ended_children=True
        ) - cpu_seconds(self.stack.postgresql.pid)

    def of_others(self) -> float:
        (everything, ours), (then, ours_then) = self.all_and_ours(), self.begun
        return max(0.0, everything - then - (ours - ours_then))


def cpu_seconds(pid: int, *, ended_children: bool = False) -> float:
    """Used since its start; 0 for one that is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        # What stands in parentheses may hold spaces.
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, values[11 : 15 if ended_children else 13])) / TICK
    return 0.0


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def pss(pid: int) -> float:
    """MiB that this process holds alone, plus its share of what it shares."""
    with suppress(FileNotFoundError, ProcessLookupError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        if found := re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE):
            return int(found[1]) / 1024
    return 0.0
