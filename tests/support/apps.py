"""The Django app of the tests: it registers their mail builders in the processes they start."""

from django.apps import AppConfig


class TestSupport(AppConfig):
    name = "tests.support"
    label = "test_support"

    def ready(self) -> None:
        from tests.support import mail_builders  # noqa: F401  registers them
