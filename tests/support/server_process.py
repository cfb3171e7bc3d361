"""The product's own server in a process of its own, and the plain sockets that look at it."""

import http.client
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.support.processes import command, environment


class Site:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """The answer, its head read; read the rest from it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def json(self, path: str, **headers: str) -> Any:
        return json.loads(self.get(path, **headers).read())

    def ask(self, path: str, *, buffer: int = 0) -> socket.socket:
        """Ask and read nothing. `buffer` is how many bytes the system may take in for us."""
        ours = socket.socket()
        if buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        ours.settimeout(20)
        ours.connect(("127.0.0.1", self.port))
        ours.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return ours

    def memory(self) -> int:
        """Bytes in use by the server."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def ends(self) -> int:
        """Its exit code, once it has ended. A busy machine may take its time: a server that does not end takes for ever."""
        return self.process.wait(timeout=60)


@contextmanager
def serving(log: Path, *, port: int = 0, **env: Any) -> Iterator[Site]:
    """A server with these environment variables beside the tests' own; certainly gone afterwards. Its words go to `log`."""
    with log.open("w") as words:
        process = subprocess.Popen(
            command("serve", "--port", str(port)),
            cwd=settings.BASE_DIR,
            env=environment(**{"DEBUG": True, "LOG_LEVEL": "INFO", **env}),
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
        )
        try:
            first = process.stdout.readline()
            assert first.startswith("Listening on http://127.0.0.1:"), log.read_text()
            yield Site(process, int(first.rsplit(":", 1)[1]), log)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
