"""The product's settings on the database of the running tests: for the processes that tests start."""

import os

from django.core.signals import request_started
from django.dispatch import receiver

from eventflow.settings import *  # noqa: F403
from eventflow.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.apps.TestSupport"]
DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@receiver(request_started, weak=False)
def forget_content_types(**kwargs):
    """Each test's database has other numbers for them, and this process outlives it."""
    from django.contrib.contenttypes.models import (
        ContentType,
    )  # its app is not ready yet when settings are read

    ContentType.objects.clear_cache()
