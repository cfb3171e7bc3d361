"""An app that takes the one lock away, for the twins of the races: they must see the damage. Only tests install it."""

from typing import Any

from django.apps import AppConfig


class Unguarded(AppConfig):
    name = "tests.faults"
    label = "unguarded"

    def ready(self) -> None:
        from events import services as event_services
        from events.models import Event

        def unlocked(event_id: int, among: Any = None) -> Any:
            return Event.objects.get(pk=event_id)

        event_services.lock = unlocked
