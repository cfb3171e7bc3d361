"""Two threads, a line of two, and the pages of tests.support.http_site: what it takes to look at the handler from outside."""

from tests.support.child_settings import *  # noqa: F403

ROOT_URLCONF = "tests.support.http_site"
WEB_THREADS, WEB_WAITING = 2, 2
