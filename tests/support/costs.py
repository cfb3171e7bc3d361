"""What the tests cost in CPU seconds: the ten dearest files at the end of a run, and its budget.

CPU seconds of pytest's workers and of the processes that they started, as the kernel counts them
(`getrusage`, and /proc for what still runs): they hardly depend on what else the machine does.
PostgreSQL and Redis are not children of pytest and are left out. So is, where there is no /proc,
what a server does before the test at whose end it is stopped.

Loaded with `-p tests.support.costs`. tests/costs.json, in the repository, holds the budget of each
database and what each file costs on both together, which orders the files of a run. With
`--cost-budget=sqlite` a run that costs more than that budget fails; `--cost-table=FILE` writes the
costs by file, and `python -m tests.support.costs FILE…` brings such tables into tests/costs.json.
"""

import json
import os
import resource
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

DEAREST = 10
TABLE = Path(__file__).parents[1] / "costs.json"


def cpu_seconds() -> float:
    """CPU seconds of this process and of everything that it started, so far."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    total = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    return total + sum(map(cpu_seconds_of, running_children(os.getpid())))


def running_children(pid: int) -> list[int]:
    """The processes that this one started and that have not ended, by any of its threads."""
    found: list[int] = []
    with suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            with suppress(OSError):
                found += map(int, Path(thread.path, "children").read_text().split())
    return found


def cpu_seconds_of(pid: int) -> float:
    """CPU seconds of a running process and of everything that it started; 0 if it just ended.

    Fields 14 to 17 of /proc/<pid>/stat, see proc_pid_stat(5): its own, and its ended children's.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    own_and_ended = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own_and_ended + sum(map(cpu_seconds_of, running_children(pid)))


def known_costs() -> dict[str, float]:
    """Return {file: its CPU seconds} from the table in the repository, which lacks new files."""
    return json.loads(TABLE.read_text())["files"]


def budget_of(stack: str) -> float:
    """The CPU seconds that a whole run on this database may cost."""
    return json.loads(TABLE.read_text())["budget"][stack]


def update_table(tables: list[str]) -> None:
    """Let the table in the repository say what the files cost in these runs together."""
    kept = json.loads(TABLE.read_text())
    files: Counter[str] = Counter()
    for table in tables:
        files.update(json.loads(Path(table).read_text()))
    kept["files"] = {file: round(cost, 1) for file, cost in sorted(files.items()) if cost >= 1}
    TABLE.write_text(json.dumps(kept, indent=1) + "\n")


class Costs:
    """Adds up what each worker reports, in the process that shows the summary."""

    def __init__(self, budget: float | None, table: str | None):
        self.budget, self.table = budget, table
        self.files: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report):
        self.files[report.nodeid.partition("::")[0]] += getattr(report, "cpu", 0)

    def total(self) -> float:
        """CPU seconds of the whole run: all tests, or more, if this process knows of more.

        A browser takes what its processes have cost with it when it ends: of them only the tests
        know.
        """
        return max(cpu_seconds(), sum(self.files.values()))

    @pytest.hookimpl(trylast=True)  # when xdist has waited for its workers
    def pytest_sessionfinish(self, session):
        if self.table:
            costs = {
                file: round(cost, 1) for file, cost in sorted(self.files.items()) if cost >= 0.05
            }
            Path(self.table).parent.mkdir(parents=True, exist_ok=True)
            Path(self.table).write_text(json.dumps(costs, indent=1) + "\n")
        if self.over_budget() and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def over_budget(self) -> bool:
        return self.budget is not None and self.total() > self.budget

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("cost in CPU seconds")
        for file, cost in self.files.most_common(DEAREST):
            terminalreporter.write_line(f"{cost:7.1f}  {file}")
        rest = self.total() - sum(self.files.values())
        terminalreporter.write_line(
            f"{rest:7.1f}  beside the tests: start, collection, fixtures of a session"
        )
        budget = f" of {self.budget:g}" if self.budget is not None else ""
        terminalreporter.write_line(f"{self.total():7.1f}{budget}  all")
        if self.over_budget():
            terminalreporter.write_line(
                "FAILED: over the budget. Make dear tests cheaper, or say why the budget grows."
            )


class Meter:
    """Notes in each worker what every test costs, its fixtures included."""

    def __init__(self):
        self.before = cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        now = cpu_seconds()
        report.cpu, self.before = max(0.0, now - self.before), now
        return report

    def pytest_runtest_logstart(self, nodeid):
        self.before = cpu_seconds()


def pytest_addoption(parser):
    group = parser.getgroup("costs")
    group.addoption("--cost-budget", metavar="STACK", help="fail if the run costs more than that")
    group.addoption("--cost-table", help="write the costs by file to this JSON file")


def pytest_configure(config):
    config.pluginmanager.register(Meter(), "cost-meter")
    if not hasattr(config, "workerinput"):
        stack, table = config.getoption("cost_budget"), config.getoption("cost_table")
        budget = budget_of(stack) if stack else None
        config.pluginmanager.register(Costs(budget, table), "costs")


if __name__ == "__main__":
    update_table(sys.argv[1:])
