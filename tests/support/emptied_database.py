"""Empties the database after a test that committed: only the tables that have rows.

Django empties every table, and writes all content types and permissions anew: most of what a small
test with `transaction=True` costs. Nothing here changes those, so they stay.
"""

from django.core.management.color import no_style
from django.db import connection
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}


def tables_with_rows() -> list[str]:
    """The tables of our models that are not empty."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    quoted = {table: connection.ops.quote_name(table) for table in tables if table not in KEPT}
    questions = [
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {name})" for table, name in quoted.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(questions))
        return [table for (table,) in cursor.fetchall()]


def empty_database(test_case: TransactionTestCase) -> None:
    """What Django calls after a test that committed."""
    statements = connection.ops.sql_flush(no_style(), tables_with_rows(), allow_cascade=True)
    connection.ops.execute_sql_flush(statements)
