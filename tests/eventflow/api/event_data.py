"""The fields of an event in the API, and a valid body to make one."""

from typing import Any

EVENT = {
    "id",
    "title",
    "description",
    "location",
    "start_time",
    "end_time",
    "seats_limit",
    "organizer",
    "status",
}
OURS = {
    "organizer_name",
    "contact_email",
    "time_zone",
    "admission",
    "confirmed_count",
    "pending_count",
    "checked_in_count",
    "spots_left",
    "url",
}
CREATE = "/events/organizer/events/create/"


def fields(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Night Print",
        "location": "Ruska 46c",
        "start_time": "2030-06-01T18:00:00+02:00",
        "end_time": "2030-06-01T22:00:00+02:00",
        "seats_limit": 24,
        **changes,
    }
