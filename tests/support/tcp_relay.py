"""A TCP relay in front of a server, which can stop passing bytes on without closing connections."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes on between the clients of `port` and the server."""

    def __init__(self, server: int) -> None:
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.pairs: dict[socket.socket, socket.socket] = {}
        self.silent: set[socket.socket] = set()
        self.thread = threading.Thread(target=self.run, name="relay")
        self.is_open = True

    def stop_passing_on(self) -> None:
        """Drop from now on what is sent on the open connections; new connections work."""
        self.silent |= set(self.pairs)

    def run(self) -> None:
        self.selector.register(self.listener, selectors.EVENT_READ)
        while self.is_open:
            for key, _ in self.selector.select(0.1):
                if key.fileobj is self.listener:
                    self.connect()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self.pairs:
                    # Not closed a moment ago, together with its other end.
                    self.pass_on(key.fileobj)
        for end in (self.listener, *self.pairs):
            end.close()

    def connect(self) -> None:
        ours = self.listener.accept()[0]
        theirs = socket.create_connection(("127.0.0.1", self.server))
        for one, other in ((ours, theirs), (theirs, ours)):
            self.pairs[one] = other
            self.selector.register(one, selectors.EVENT_READ)

    def pass_on(self, one: socket.socket) -> None:
        other, data = self.pairs[one], b""
        with suppress(OSError):
            data = one.recv(65536)
        if one in self.silent:
            # Read and thrown away; that an end closes is not passed on either.
            if not data:
                self.selector.unregister(one)
            return
        with suppress(OSError):
            other.sendall(data)
        if not data:
            for end in (one, other):
                del self.pairs[end]
                self.selector.unregister(end)
                end.close()


@contextmanager
def relay_to(server: int) -> Iterator[Relay]:
    """Run a relay in front of the server on this port."""
    relay = Relay(server)
    relay.thread.start()
    try:
        yield relay
    finally:
        relay.is_open = False
        relay.thread.join()
