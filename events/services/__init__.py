"""The verbs of events: the only writer of an event's status, capacity, text and door staff.

Entry points and tickets call them through this package, as `services.publish(event, by=person)`.
"""

from events.services.account_deletion import release_events_of
from events.services.door_staff import (
    accept_invitations,
    add_door_staff,
    check_is_coming,
    mark_accepted,
    remove_door_staff,
)
from events.services.duplication import duplicate
from events.services.lifecycle import (
    MOVE_FIELDS,
    cancel,
    create,
    edit,
    lock,
    publish,
    save_and_publish,
)

__all__ = [
    "MOVE_FIELDS",
    "accept_invitations",
    "add_door_staff",
    "cancel",
    "check_is_coming",
    "create",
    "duplicate",
    "edit",
    "lock",
    "mark_accepted",
    "publish",
    "release_events_of",
    "remove_door_staff",
    "save_and_publish",
]
