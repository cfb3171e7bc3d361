"""The background worker, its heartbeat, and the schedule of what it does by the clock.

Nothing but management commands and settings imports this package.
"""
