"""Gives each of pytest's workers a Redis and a folder of its own; pytest-django does databases.

Loaded with `-p tests.support.worker_isolation`, before Django's settings read the environment.
Channel layers do not use Redis' numbered databases, and every test empties the cache, so workers
that share a Redis would mix up what their tests see.
"""

import os
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

urls = os.environ.get("REDIS_URLS", "").split()
if urls:
    os.environ["REDIS_URL"] = urls[NUMBER]
if "DATA_DIR" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["DATA_DIR"] = str(Path(os.environ["DATA_DIR"]) / f"worker-{NUMBER}")


class ByFile(LoadScopeScheduling):
    """Give a file to one worker.

    `--dist loadgroup` would say the same with marks, but with pytest 9.2 it groups nothing and
    says nothing (pytest-xdist's issue 1386).
    """

    def _split_scope(self, nodeid):
        return nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)
