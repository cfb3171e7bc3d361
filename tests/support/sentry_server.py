"""An HTTP server on loopback that takes what Sentry would be sent."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class SentryServer:
    """Keeps what it was sent in `received`; `dsn` is the setting that sends it here."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://public@127.0.0.1:{port}/1"
        # Head and unpacked body of every request.
        self.received: list[str] = []
        self.may_answer = threading.Event()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The error events among what was received."""
        return [
            json.loads(line)
            for text in self.received
            for line in text.splitlines()
            if '"event_id"' in line and '"platform"' in line
        ]


@contextmanager
def running_sentry_server(*, hangs: bool = False) -> Iterator[SentryServer]:
    """Start such a server and stop it afterwards; one that hangs answers after a minute."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            sentry.received.append(f"{self.headers}\n{body.decode()}")
            if hangs:
                sentry.may_answer.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sentry = SentryServer(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sentry
    finally:
        sentry.may_answer.set()
        server.shutdown()
        server.server_close()
