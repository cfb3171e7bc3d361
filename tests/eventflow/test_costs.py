"""A run of the tests that costs more CPU time than its budget fails."""

import json
import subprocess
import sys
import time

import pytest
from django.conf import settings

from tests.support import costs
from tests.support.costs import Costs, cpu_seconds


def test_every_file_of_the_cost_table_exists():
    missing = [file for file in costs.known_costs() if not (settings.BASE_DIR / file).exists()]
    assert missing == []


def test_budget_is_passed_by_what_this_process_has_cost():
    assert Costs(0, None).over_budget()
    assert not Costs(10 * cpu_seconds() + 60, None).over_budget()
    assert not Costs(None, None).over_budget()


def test_tables_of_two_runs_are_added_up(tmp_path, monkeypatch):
    table, runs = tmp_path / "costs.json", [tmp_path / "a.json", tmp_path / "b.json"]
    table.write_text('{"budget": {"sqlite": 7}, "files": {"tests/gone.py": 9}}')
    runs[0].write_text('{"tests/a.py": 2.5, "tests/cheap.py": 0.1}')
    runs[1].write_text('{"tests/a.py": 1.5}')
    monkeypatch.setattr(costs, "TABLE", table)
    costs.update_table([str(run) for run in runs])
    assert json.loads(table.read_text()) == {"budget": {"sqlite": 7}, "files": {"tests/a.py": 4}}


@pytest.mark.process("counts a process that still runs")
def test_running_process_counts_as_soon_as_it_has_cost_something():
    before = cpu_seconds()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            while costs.cpu_seconds_of(busy.pid) < 0.1:
                time.sleep(0.01)
            assert cpu_seconds() - before >= 0.1
        finally:
            busy.kill()
