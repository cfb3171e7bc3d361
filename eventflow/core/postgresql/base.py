"""Django's PostgreSQL backend, which checks a connection by its socket instead of a statement.

Django checks the connection before each request with `SELECT 1`. A server that has gone away, or is
about to, has closed its end or sent a message: then the socket is readable, and only then Django
asks. A network that drops every packet is noticed by neither.
"""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper with another health check."""

    connection: Any

    def is_usable(self) -> bool:
        return self.has_nothing_to_read() or super().is_usable()

    def has_nothing_to_read(self) -> bool:
        """Whether the connection is open and nothing unexpected has arrived on its socket."""
        if (
            self.connection is None
            or self.connection.closed
            or self.connection.pgconn.status != ConnStatus.OK
        ):
            return False
        poll = select.poll()
        poll.register(self.connection.pgconn.socket, select.POLLIN)
        return not poll.poll(0)
