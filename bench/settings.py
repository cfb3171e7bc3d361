"""The product's settings, with the address of an empty page beside its own."""

from eventflow.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
