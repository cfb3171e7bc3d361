"""Settings of the processes that tests start: the product's, on the tests' database."""

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
    """Each test's database has other ids for them, and this process outlives it."""
    # Its app is not ready yet when settings are read.
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.clear_cache()
