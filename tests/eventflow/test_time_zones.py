"""The list of time zones as people choose from it: in the editor and on the settings page."""

import pytest

from accounts.models import User
from tests.support.factories import make_event
from tests.support.markup import tree

pytestmark = pytest.mark.django_db


def test_time_zones_on_both_pages_stand_once_with_their_offset(client):
    event = make_event()
    person = event.organizer
    User.objects.filter(pk=person.pk).update(time_zone="Asia/Tokyo")
    client.force_login(person)
    for path, first in (("/organizer/events/new/", "Europe/Warsaw"), ("/accounts/settings/", "")):
        options = tree(client.get(path)).xpath("//select[@name='time_zone']//option")
        values = [option.get("value") for option in options]
        assert values[0] == first
        assert len(values) == len(set(values))
        assert not {"Asia/Calcutta", "Europe/Kiev", "America/Coral_Harbour"} & set(values)
        assert {"Asia/Kolkata", "Europe/Kyiv", "UTC"} <= {*values}
        spoken = {option.get("value"): option.text for option in options}
        assert spoken["Asia/Kolkata"] == "Kolkata (UTC+5:30)"
        assert spoken["Asia/Tokyo"] == "Tokyo (UTC+9)"
    assert values[1] == "Asia/Tokyo"
