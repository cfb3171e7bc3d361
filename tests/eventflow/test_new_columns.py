"""Processes of the last version work with the columns that a new version adds."""

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField
from django.db.models import NOT_PROVIDED

# The newest migrations that were written before this rule.
FIRST_RELEASE = {"accounts": 3, "events": 8, "tickets": 8, "eventflow": 3}


def later_columns():
    """Every column that a migration after the first ones adds, by the name that a failure shows."""
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if app in FIRST_RELEASE and int(name[:4]) > FIRST_RELEASE[app]:
            for operation in migration.operations:
                if isinstance(operation, AddField):
                    yield pytest.param(
                        operation.field, id=f"{app}.{operation.model_name}.{operation.name}"
                    )


@pytest.mark.once
@pytest.mark.parametrize("field", [*later_columns()])
def test_new_column_can_be_left_out_by_the_version_before(field):
    """An INSERT that does not know the column works: the database fills it."""
    assert field.null or field.db_default is not NOT_PROVIDED or field.many_to_many
