"""Keeps pytest's workers apart: each has a Redis and a folder of its own. (pytest-django gives each a database.)

Loaded with `-p tests.apart`, before Django's settings read the environment. Channel layers know nothing of Redis' numbered databases, and every
test empties the cache, so a Redis that two workers share would mix up what their tests see.
"""

import os
from pathlib import Path

NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

urls = os.environ.get("REDIS_URLS", "").split()
if urls:
    os.environ["REDIS_URL"] = urls[NUMBER]
if "DATA_DIR" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["DATA_DIR"] = str(Path(os.environ["DATA_DIR"]) / f"worker-{NUMBER}")
