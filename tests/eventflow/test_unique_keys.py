"""A value that a client chooses is unique within its event only."""

from django.apps import apps
from django.db.models import Model, UniqueConstraint

OURS = ("accounts", "events", "tickets", "eventflow")
# Random and made by the server, or looked up among all rows.
MADE_HERE = {("device", ("key_hash",)), ("ticket", ("serial",)), ("ticket", ("reservation",))}


def uniques(model: type[Model]):
    """The fields that are unique together, each time as a tuple; without primary keys."""
    fields = [field for field in model._meta.local_fields if field.unique and not field.primary_key]
    yield from ((field.name,) for field in fields)
    yield from (tuple(names) for names in model._meta.unique_together)
    yield from (one.fields for one in model._meta.constraints if isinstance(one, UniqueConstraint))


def test_unique_values_in_rows_of_an_event_are_unique_within_the_event():
    models = [model for name in OURS for model in apps.get_app_config(name).get_models()]
    of_events = [
        model
        for model in models
        if any(field.name == "event" for field in model._meta.local_fields)
    ]
    found = {(model._meta.model_name, names) for model in of_events for names in uniques(model)}
    assert {name for name, _names in found} >= {
        "announcement",
        "device",
        "gate",
        "scan",
        "reservation",
    }
    assert {(name, names) for name, names in found if "event" not in names} == MADE_HERE
