"""Trigram indexes on PostgreSQL for `eventflow.core.search`, as operations of migrations.

SQLite has none and searches row by row.
"""

import logging
from functools import partial
from typing import Any

from django.db.migrations import RunPython

logger = logging.getLogger(__name__)
EXTENSION = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"


def index(name: str, table: str, *columns: str) -> RunPython:
    """The operation that makes an index. Without pg_trgm it makes none, and search is slow."""
    return RunPython(
        partial(create, name=name, table=table, columns=columns), partial(drop, name=name)
    )


def without_index(name: str) -> RunPython:
    """The operation that drops an index made by `index`."""
    return RunPython(partial(drop, name=name), RunPython.noop)


def create(
    apps: Any, schema_editor: Any, *, name: str, table: str, columns: tuple[str, ...]
) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(EXTENSION)
        if cursor.fetchone() is None:
            logger.warning(
                "PostgreSQL has no pg_trgm (install its contrib package), so searching in %s stays "
                "slow",
                table,
            )
            return
    parts = ", ".join(f"{schema_editor.quote_name(column)} gin_trgm_ops" for column in columns)
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    schema_editor.execute(
        f"CREATE INDEX {schema_editor.quote_name(name)} ON {schema_editor.quote_name(table)} "
        f"USING gin ({parts})"
    )


def drop(apps: Any, schema_editor: Any, *, name: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(name)}")
