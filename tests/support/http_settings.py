"""Settings for tests of the HTTP handler: two threads, a queue of two, and test pages."""

from tests.support.child_settings import *  # noqa: F403

ROOT_URLCONF = "tests.support.http_site"
WEB_THREADS, WEB_WAITING = 2, 2
