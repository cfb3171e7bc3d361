"""Examples of rows in the OpenAPI document, which endpoints of several subjects show."""

EVENT = {
    "id": 2,
    "title": "Night Print",
    "description": "Screen printing until midnight.",
    "location": "Ruska 46c, Wrocław",
    "start_time": "2026-12-24T18:00:00+01:00",
    "end_time": "2026-12-24T22:00:00+01:00",
    "seats_limit": 50,
    "organizer": 3,
    "status": "published",
    "organizer_name": "Paweł Ostrowski",
    "contact_email": "studio@example.org",
    "time_zone": "Europe/Warsaw",
    "admission": "approval",
    "confirmed_count": 12,
    "pending_count": 3,
    "checked_in_count": 7,
    "spots_left": 38,
    "url": "https://events.example.org/events/2/",
}
RESERVATION = {
    "reservation_id": 31,
    "event_id": 2,
    "user_email": "maja@example.org",
    "status": "pending",
    "checked_in": False,
    "created_at": "2026-11-24T08:30:00Z",
    "event_title": "Night Print",
    "event_start_time": "2026-12-24T18:00:00+01:00",
}
PLACE = {"queue_position": 4, "location": "Ruska 46c, Wrocław"}
GUEST = RESERVATION | {
    "user_first_name": "Maja",
    "user_last_name": "Wiśniewska",
    "checked_in_at": None,
    "updated_at": "2026-11-24T08:30:00Z",
    "note": "Comes with a wheelchair.",
}
