"""An event whose organizer is logged in, and a minute in which decisions can be undone."""

import pytest

from tests.support.factories import make_event, make_organizer


@pytest.fixture(autouse=True)
def grace(settings):
    """The time in which a decision can be taken back before its mail leaves."""
    settings.MAIL_DECISION_DELAY_SECONDS = 60


@pytest.fixture
def event(client):
    event = make_event(organizer=make_organizer())
    client.force_login(event.organizer)
    return event
