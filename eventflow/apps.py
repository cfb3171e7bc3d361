from django.apps import AppConfig


class EventflowConfig(AppConfig):
    name = "eventflow"

    def ready(self) -> None:
        from django.conf import settings

        from eventflow import checks, receivers  # noqa: F401  registers the system checks; what is kept for people goes with them
        from eventflow.health import VERSION
        from eventflow.observability import sentry

        if settings.SENTRY_DSN:
            sentry.start(
                settings.SENTRY_DSN,
                release=f"eventflow@{VERSION}",
                environment="trial" if settings.TRIAL else "production",
            )
