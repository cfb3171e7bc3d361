"""A Django app that removes the event's lock, so that the twins of the races see the damage."""

from typing import Any

from django.apps import AppConfig


class WithoutLock(AppConfig):
    name = "tests.faults"
    label = "without_lock"

    def ready(self) -> None:
        from events import services as event_services
        from events.models import Event

        def unlocked(event_id: int, among: Any = None) -> Any:
            return Event.objects.get(pk=event_id)

        event_services.lock = unlocked
