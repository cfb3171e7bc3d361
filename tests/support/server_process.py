"""Runs the product's server in a process, and asks it by plain sockets."""

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

from tests.support.forked import Process
from tests.support.processes import command, environment


class Site:
    """A running server: its process, its port and the file of its log."""

    def __init__(self, process: Process, port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Get this path. Returns the answer, whose body is not read yet."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def json(self, path: str, **headers: str) -> Any:
        return json.loads(self.get(path, **headers).read())

    def ask(self, path: str, *, buffer: int = 0) -> socket.socket:
        """Request this path and read nothing; `buffer` is the receive buffer in bytes."""
        ours = socket.socket()
        if buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        ours.settimeout(20)
        ours.connect(("127.0.0.1", self.port))
        ours.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return ours

    def memory(self) -> int:
        """The server's resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        resident = re.search(r"VmRSS:\s+(\d+)", status)
        assert resident, status
        return int(resident[1]) * 1024

    def wait_for_end(self) -> int:
        """Wait for at most a minute until the server has ended. Returns its exit code."""
        return self.process.wait(timeout=60)


@contextmanager
def serving(log: Path, *, port: int = 0, **env: Any) -> Iterator[Site]:
    """Start a server that logs to `log`, with `env` beside the tests' environment variables.

    It listens when it is yielded, and is killed afterwards.
    """
    with log.open("w") as output:
        process = Process(
            command("serve", "--port", str(port)),
            cwd=settings.BASE_DIR,
            env=environment(**{"DEBUG": True, "LOG_LEVEL": "INFO", **env}),
            stdout=subprocess.PIPE,
            stderr=output,
        )
        try:
            assert process.stdout
            first = process.stdout.readline()
            assert first.startswith("Listening on http://127.0.0.1:"), log.read_text()
            yield Site(process, int(first.rsplit(":", 1)[1]), log)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
