"""Environments to start with."""

from django.conf import settings

ROOT = settings.BASE_DIR
KEY = "a-long-and-random-key-of-the-tests-0123456789"
REAL = {"DEBUG": "False", "DJANGO_SECRET_KEY": KEY, "EMAIL_HOST": "127.0.0.1"}
POSTGRESQL = {
    "DATABASE_URL": "postgres://a:word@db:5432/b",
    "DJANGO_SECRET_KEY": KEY,
    "EMAIL_HOST": "mail",
}
