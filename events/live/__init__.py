"""The live counts of an event: notifications of changes, the feeds that read them, the sockets.

Only `notifications` is for those who change an event; the rest is for those who watch one.
"""
