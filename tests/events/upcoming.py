"""An event in some days, and the address of the public list."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from events.models import Event
from tests.support.factories import make_event

LIST = "/"


def in_days(days: float, **fields: Any) -> Event:
    return make_event(
        start_time=timezone.now().replace(microsecond=0) + timedelta(days=days), **fields
    )
