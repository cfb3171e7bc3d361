"""Check-in: codes, admission, undo, scans and conflicts, gates, devices, search, and access."""
