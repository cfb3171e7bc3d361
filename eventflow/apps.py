"""The app `eventflow`: registers checks, receivers, metrics and scheduled tasks, starts Sentry."""

from django.apps import AppConfig


class EventflowConfig(AppConfig):
    name = "eventflow"

    def ready(self) -> None:
        from django.conf import settings

        from eventflow import receivers  # noqa: F401  connects our signal receivers
        from eventflow.jobs import metrics as job_metrics  # noqa: F401  registers them
        from eventflow.jobs import schedule  # noqa: F401  registers the scheduled tasks
        from eventflow.mail import metrics as mail_metrics  # noqa: F401  registers them
        from eventflow.observability import sentry
        from eventflow.observability.health import VERSION
        from eventflow.operations import checks  # noqa: F401  registers our system checks

        if settings.SENTRY_DSN:
            sentry.start(
                settings.SENTRY_DSN,
                release=f"eventflow@{VERSION}",
                environment="trial" if settings.TRIAL else "production",
            )
