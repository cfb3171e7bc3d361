"""The settings of a child process whose queue has no lock."""

from tests.support.child_settings import *  # noqa: F403
from tests.support.child_settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.unguarded.Unguarded"]
