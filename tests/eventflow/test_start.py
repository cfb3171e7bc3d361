"""A start asks the database the same number of queries however much is in it."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventflow.management.commands.run import Command
from tests.support.factories import make_event, make_people
from tickets.models import Reservation

pytestmark = pytest.mark.both


def queries_of_a_start(client) -> int:
    """How many queries `bin/run` asks, with the checks and the first answer of its processes."""
    with CaptureQueriesContext(connection) as asked:
        Command().prepare_database()
        call_command("check", "--database", "default", verbosity=0)
        assert client.get("/health/").status_code == 200
    return len(asked)


@pytest.mark.django_db
def test_start_needs_the_same_queries_for_one_reservation_and_for_a_thousand(client):
    event = make_event(seats_limit=2000)
    # The first use of a connection also asks what its database can do.
    queries_of_a_start(client)
    asked = []
    for number in (1, 999):
        Reservation.objects.bulk_create(
            [Reservation(event=event, person=person) for person in make_people(number)]
        )
        asked.append(queries_of_a_start(client))
    assert asked[0] == asked[1] <= 10
