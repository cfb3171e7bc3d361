"""Settings for pages that fail, with the product's own handling of errors."""

from tests.support.child_settings import *  # noqa: F403

DEBUG = False
ROOT_URLCONF = "tests.support.sentry_site"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
