"""The events app: events, their public pages, the panel and the live metrics."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Events")

    def ready(self) -> None:
        from events import metrics, receivers  # noqa: F401  importing registers them
