"""The inventory of personal data lists every column of every table."""

import pytest
from django.apps import apps

from eventflow.jobs import schedule
from eventflow.operations.personal_data.inventory import TABLES

MODELS = {
    model._meta.label: model
    for model in apps.get_models(include_auto_created=True)
    if not model._meta.proxy
}


def names_in(columns):
    """Return the names in {"one two": reason}, each as often as it is listed."""
    return [name for names in columns for name in names.split()]


def test_inventory_lists_every_table():
    assert TABLES.keys() == MODELS.keys(), (
        "list the new table in eventflow/operations/personal_data/inventory.py: which of its "
        "columns are personal data, where they are exported, and what deletes them"
    )


@pytest.mark.parametrize("label", sorted(MODELS.keys() & TABLES.keys()))
def test_inventory_lists_every_column_once(label):
    table = TABLES[label]
    listed = [*names_in(table.exported), *names_in(table.withheld), *names_in(table.impersonal)]
    columns = [field.name for field in MODELS[label]._meta.concrete_fields]
    if listed == ["*"]:
        assert table.rows is None
        return
    assert sorted(listed) == sorted(columns), (
        f"list the column of {label} in eventflow/operations/personal_data/inventory.py as "
        "exported, withheld or impersonal"
    )


@pytest.mark.parametrize("label", sorted(TABLES))
def test_inventory_says_what_deletes_every_personal_column(label):
    table = TABLES[label]
    personal = [*names_in(table.exported), *names_in(table.withheld)]
    assert bool(personal) == bool(table.rows), f"{label}: `rows` finds the rows of a person"
    if table.is_deleted:
        assert (table.erased, table.remaining) == ("", {})
    else:
        answered = [*table.erased.split(), *names_in(table.remaining)]
        assert sorted(answered) == sorted(personal), (
            f"{label}: say of each personal column whether the deletion of the account erases it"
        )


@pytest.mark.django_db
def test_inventory_says_how_long_rows_are_kept():
    assert [
        label for label, table in TABLES.items() if bool(table.pruned) == bool(table.kept)
    ] == []
    pruned = {table.pruned for table in TABLES.values() if table.pruned}
    assert pruned == schedule.prune().keys()
