"""The product's settings, and beside its addresses one of an empty page."""

from eventflow.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
