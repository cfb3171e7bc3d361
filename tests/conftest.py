import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def empty_cache():
    """Rate limits count in the cache; no test inherits another's."""
    cache.clear()
    yield


@pytest.fixture(autouse=True)
def fast_passwords(settings):
    """The real hash takes a third of a second, by design."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def mail_at_once(settings, tmp_path):
    """Decisions are mailed without the ten seconds of grace, into memory, unless a test wants otherwise."""
    settings.MAIL_DECISION_DELAY_SECONDS = 0
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
