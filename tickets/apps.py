from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = _("Reservations and tickets")

    def ready(self) -> None:
        from tickets import receivers  # noqa: F401  connects the signals
