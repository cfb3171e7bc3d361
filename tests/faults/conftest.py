"""What the scenarios share: their figures, which the run ends with, and a Redis of their own."""

import pytest
from django.conf import settings

from tests.faults import figures as figures_module
from tests.faults.figures import Figure, Figures
from tests.support.redis_server import running_redis

WRITTEN = settings.BASE_DIR / "test-results" / "faults.json"
everything: list[Figure] = []


def pytest_itemcollected(item):
    """Let every scenario start processes, on whatever database the run was started with."""
    item.add_marker(pytest.mark.process("breaks real servers"))
    item.add_marker(pytest.mark.both)


@pytest.fixture
def figures(request):
    """What this scenario measures, told at the end of the run whatever became of it."""
    mine = Figures(request.node.name.removeprefix("test_").replace("_", " "))
    yield mine
    everything.extend(mine.all)


@pytest.fixture
def redis(tmp_path):
    with running_redis(tmp_path) as server:
        yield server


def pytest_terminal_summary(terminalreporter):
    if everything:
        terminalreporter.section("figures")
        for line in figures_module.table(everything):
            terminalreporter.write_line(line)
        figures_module.write(everything, WRITTEN)
        terminalreporter.write_line(f"\nThe same as JSON: {WRITTEN}")
