"""An event in some days, and the address of the public list."""

from datetime import timedelta

from django.utils import timezone

from tests.support.factories import make_event

LIST = "/"


def in_days(days, **fields):
    return make_event(
        start_time=timezone.now().replace(microsecond=0) + timedelta(days=days), **fields
    )
