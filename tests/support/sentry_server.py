"""A server that plays Sentry on loopback: keeps what it is sent, or takes a connection and never answers."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sentry:
    def __init__(self, port: int) -> None:
        self.dsn = f"http://public@127.0.0.1:{port}/1"
        # What came over the wire, unpacked; and the events in it.
        self.received: list[str] = []
        self.released = threading.Event()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for text in self.received
            for line in text.splitlines()
            if '"event_id"' in line and '"platform"' in line
        ]


@contextmanager
def playing_sentry(*, hangs: bool = False) -> Iterator[Sentry]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            sentry.received.append(f"{self.headers}\n{body.decode()}")
            if hangs:
                sentry.released.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sentry = Sentry(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sentry
    finally:
        sentry.released.set()
        server.shutdown()
        server.server_close()
