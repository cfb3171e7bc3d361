"""Which fields "Duplicate" copies: every field of an event is copied, or named as not copied."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import services
from events.models import Event
from events.services.duplication import COPIED_FIELDS, NOT_COPIED_FIELDS
from tests.support.factories import make_event

# Another value than the default, for each field that is copied.
VALUES = {
    "title": "Night Print",
    "description": "Bring an apron.",
    "location": "Ruska 46c",
    "contact_email": "studio@example.org",
    "time_zone": "Asia/Tokyo",
    "seats_limit": 7,
    "admission": "automatic",
    "hue": "plum",
    "pattern": "dots",
}
# A set value, for fields that are empty or zero in a new event.
OLD = timezone.now() - timedelta(days=400)
HISTORY = {
    "status": "cancelled",
    "published_at": OLD,
    "cancelled_at": OLD,
    "cancel_message": "The cellar is under water.",
    "sequence": 4,
    "reminded_for": OLD,
    "confirmed_count": 3,
    "pending_count": 2,
    "checked_in_count": 1,
    "rejected_count": 5,
    "cancelled_count": 6,
}


def field_names():
    """Every column and relation that Event itself declares."""
    return {field.name for field in [*Event._meta.fields, *Event._meta.many_to_many]}


def test_duplicate_knows_every_field_of_an_event():
    """A new field must be added to one of the two lists."""
    copied, left_out = set(COPIED_FIELDS), set(NOT_COPIED_FIELDS)
    assert copied | left_out == field_names()
    assert not copied & left_out
    assert all(NOT_COPIED_FIELDS.values())


@pytest.mark.django_db
def test_duplicate_copies_the_named_fields_and_no_history():
    event = make_event(**VALUES)
    Event.objects.filter(pk=event.pk).update(**HISTORY)
    event.refresh_from_db()
    assert {*VALUES, "organizer"} == set(COPIED_FIELDS)
    copy = Event.objects.get(pk=services.duplicate(event, by=event.organizer).pk)
    assert {name: getattr(copy, name) for name in VALUES} == VALUES
    assert (copy.organizer, copy.status) == (event.organizer, "draft")
    fresh = Event()
    for name in HISTORY.keys() - {"status"}:
        assert getattr(copy, name) == getattr(fresh, name), name
