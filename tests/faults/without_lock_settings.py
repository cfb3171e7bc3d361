"""Settings of a process without the event's lock."""

from tests.support.child_settings import *  # noqa: F403
from tests.support.child_settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.without_lock.WithoutLock"]
