"""An event's live metrics: notifications, the feeds that read the counts, the sockets.

`notifications` is for code that changes an event; the other modules are for code that shows one.
"""
