"""How EventFlow is served: our ASGI server, what surrounds the application, static files.

This is a roof: its modules may import every app, and no app imports them.
"""
