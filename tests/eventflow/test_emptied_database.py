"""What a test has committed is gone before the next one, and what Django put there is not."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import TransactionTestCase

from tests.support import emptied_database
from tests.support.factories import make_reservation

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_empty_database_empties_what_has_rows_and_keeps_content_types():
    make_reservation(status="confirmed")
    types = ContentType.objects.count()
    emptied_database.empty_database(TransactionTestCase())
    assert emptied_database.tables_with_rows() == []
    assert ContentType.objects.count() == types > 0


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_begins_with_an_empty_database(turn):
    assert emptied_database.tables_with_rows() == []
    make_reservation()
