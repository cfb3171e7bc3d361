"""The queue of an event.

The only writer of a reservation's status, of the tickets' validity and of the event's counters.

Writes: `registration` (what a guest does), `decisions` and `bulk_decisions` (what an organizer
does), `promotion` (automatic), `event_changes` (when the event changes) and `deletion` (when an
account is deleted); all of them through `transitions`, `checks` and `counters`.
Reads: `reads`, `card`, `export` and `invariants`.
"""
