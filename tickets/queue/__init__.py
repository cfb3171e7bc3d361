"""The queue: the only writer of a reservation's status, of the tickets' validity and of the event's counters.

`registration` (the guest's verbs), `decisions` and `bulk_decisions` (the organizer's), `promotion` (automatic), `event_changes`
(what the event's own changes mean), all by `transitions`, `checks` and `counters`; `reads`, `card`, `export`, `invariants`, `deletion`.
"""
