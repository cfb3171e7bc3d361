"""The mails about reservations: to guests, and to organizers.

Each builder reads the database when the mail leaves, and returns None when its cause is gone.
"""

from tickets.mails.guests import (
    announcement,
    cancelled,
    confirmed,
    event_cancelled,
    moved,
    queued,
    rejected,
    reminder,
    waits_again,
)
from tickets.mails.organizers import organizer_news

__all__ = [
    "announcement",
    "cancelled",
    "confirmed",
    "event_cancelled",
    "moved",
    "organizer_news",
    "queued",
    "rejected",
    "reminder",
    "waits_again",
]
