"""Two threads, a line of two, and the pages of tests.http_site: what it takes to look at the handler from outside."""

from tests.child_settings import *  # noqa: F403

ROOT_URLCONF = "tests.http_site"
WEB_THREADS, WEB_WAITING = 2, 2
