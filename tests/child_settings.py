"""The product's settings on the database of the running tests: for the processes that tests start."""

import os

from eventflow.settings import *  # noqa: F403
from eventflow.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
