"""The listening socket: accepts a few connections at a time, and closes without a reset."""

import select
from typing import Any

from eventflow.server.twisted_internals import PacedPort

# So many connections wait in the system's queue (or as many as it allows, if that is less), and so
# many are accepted each time we look.
BACKLOG, ACCEPTS = 4096, 50


class Listener(PacedPort):
    """Listens for connections, which `factory` serves."""

    accepts_at_once = ACCEPTS

    def __init__(self, host: str, port: int, factory: Any, reactor: Any) -> None:
        super().__init__(port, factory, backlog=BACKLOG, interface=host, reactor=reactor)

    def close_after_accepting(self) -> None:
        """Accept who waits in the system's queue, then listen no more.

        The system accepts connections before we do, and resets those that wait when the socket
        closes. A proxy that has sent a booking into one of them can't tell whether it was taken;
        one that is refused can safely go to another process.
        """
        queue = select.poll()
        queue.register(self.socket, select.POLLIN)
        for _batch in range(100):
            if not queue.poll(0):
                break
            self.doRead()
        self.close()
