"""Signals of an event's life, sent inside its transaction.

The queue lives in `tickets`, which imports `events` and not the other way round. So a change that
the queue must follow (added seats, a cancellation) is a signal, and `tickets` receives it. Each is
sent with `event`, its row locked. A receiver that raises undoes the whole change.
"""

from django.dispatch import Signal

# Sent with `event` and `by`.
event_edited = Signal()
# A published event has another time or place. Sent with `event` and `before`: its former start, end
# and location, by field.
event_moved = Signal()
# Sent with `event` and `by`.
event_cancelled = Signal()
# Sent with `event`, `person` and `by`: the person may not check in there any more.
door_staff_removed = Signal()
