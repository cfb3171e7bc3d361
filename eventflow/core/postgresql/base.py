"""Before each request Django asks the database whether its connection still works, with a statement of its own. The socket tells for nothing.

A server that has gone away, or is about to, has closed its end or sent a word of farewell: then there is something to read where nothing
should be, and only then it is asked. A network that swallows everything is noticed by neither.
"""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Any

    def is_usable(self) -> bool:
        return self.is_quiet() or super().is_usable()

    def is_quiet(self) -> bool:
        """Whether the connection stands, and nothing has come in that nobody asked for."""
        if (
            self.connection is None
            or self.connection.closed
            or self.connection.pgconn.status != ConnStatus.OK
        ):
            return False
        poll = select.poll()
        poll.register(self.connection.pgconn.socket, select.POLLIN)
        return not poll.poll(0)
