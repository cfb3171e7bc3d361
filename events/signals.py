"""What the event's life tells the rooms above it, inside the same transaction.

The queue lives in `tickets`, which may import `events` but not the other way round; so a move of an event that the queue
must follow (seats were added, the event was cancelled) is announced here, and the queue listens.
"""

from django.dispatch import Signal

# All are sent with `event`, its row locked; edited and cancelled with `by` too. A receiver that raises undoes the whole change.
event_edited = Signal()
# Published, and at another time or place than its guests were told. Sent with `before`: its start, end and place until now, by field.
event_moved = Signal()
event_cancelled = Signal()
# Sent with `event`, `person` and `by`: they may not stand at its door any more.
door_staff_removed = Signal()
