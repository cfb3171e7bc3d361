"""What the tests of the panel share."""

import pytest

from tests.support.factories import make_organizer


@pytest.fixture
def organizer(client):
    person = make_organizer()
    client.force_login(person)
    return person
