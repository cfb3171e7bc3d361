"""Starts Python programs for the tests by forking: `python fork_server.py DESCRIPTOR`.

It has read the libraries, which is most of what a start costs, and nothing of ours: every program
reads its settings and our modules itself, from its own environment. Each request at the socket
DESCRIPTOR is a JSON object with `words` (those after `python`), `env`, `cwd` and `umask`; with it
come the program's stdin, stdout and stderr, and a socket that gets the process id, with a pidfd,
and at the end the exit code. When nobody can ask any more, what still runs is killed.

tests/support/forked.py asks; tests/eventflow/test_forked.py says what a forked program has for
itself.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

# Whatever can be imported without settings and opens nothing; each brings many others with it.
LIBRARIES = [
    "allauth.account.signals",
    "allauth.decorators",
    "allauth.mfa.totp.internal",
    "channels.auth",
    "channels.security.websocket",
    "channels_redis.pubsub",
    "corsheaders.middleware",
    "daphne.http_protocol",
    "daphne.ws_protocol",
    "django.contrib.admin.views.main",
    "django.contrib.postgres.apps",
    "django.core.management.commands.check",
    "django.core.management.commands.migrate",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.test",
    "django_htmx.middleware",
    "django_tasks_db.compat",
    "drf_spectacular.utils",
    "environ",
    "fido2.server",
    "icalendar",
    "jwt",
    "prometheus_client",
    "qrcode.image.svg",
    "reportlab.pdfbase.ttfonts",
    "rest_framework.negotiation",
    "sentry_sdk.integrations.django",
    "smtplib",
    "tomllib",
    "twisted.internet.asyncioreactor",
    "twisted.internet.ssl",
    "whitenoise.storage",
    "xhtml2pdf.config.resources",
    "xlsxwriter",
]
# The longest environment is a few thousand bytes.
REQUEST_BYTES = 1_000_000


class ForkServer:
    """Forks for every request, and reports how each of its children ended."""

    def __init__(self, requests: socket.socket) -> None:
        self.requests, self.selector = requests, selectors.DefaultSelector()
        # {pidfd: process id, socket that gets its exit code}
        self.children: dict[int, tuple[int, socket.socket]] = {}

    def run(self) -> tuple[dict[str, Any], list[int]] | None:
        """Serve until nobody asks. Returns in every child, with its request and descriptors."""
        self.selector.register(self.requests, selectors.EVENT_READ)
        while True:
            for key, _events in self.selector.select():
                if key.fileobj is not self.requests:
                    self.report_end(key.fd)
                    continue
                text, descriptors, _flags, _address = socket.recv_fds(
                    self.requests, REQUEST_BYTES, 4
                )
                if not text:
                    self.kill_children()
                    return None
                if self.fork(socket.socket(fileno=descriptors.pop())) == 0:
                    return json.loads(text), descriptors
                for descriptor in descriptors:
                    os.close(descriptor)

    def fork(self, told: socket.socket) -> int:
        """Fork, and tell this socket of it. Returns 0 in the child, which has nothing of ours."""
        if pid := os.fork():
            pidfd = os.pidfd_open(pid)
            self.children[pidfd] = pid, told
            self.selector.register(pidfd, selectors.EVENT_READ)
            tell(told, pid, pidfd)
            return pid
        for each in (told, self.requests, self.selector):
            each.close()
        for pidfd, (_pid, other) in self.children.items():
            os.close(pidfd)
            other.close()
        return 0

    def report_end(self, pidfd: int) -> None:
        pid, told = self.children.pop(pidfd)
        self.selector.unregister(pidfd)
        os.close(pidfd)
        tell(told, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        told.close()

    def kill_children(self) -> None:
        for pidfd in self.children:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def tell(told: socket.socket, number: int, *descriptors: int) -> None:
    """Send this number, unless the test that would read it is over."""
    with suppress(BrokenPipeError):
        socket.send_fds(told, [str(number).encode()], descriptors)


def become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Let this child run the program of the request, as `python` would."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.umask(request["umask"])
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    program, *sys.argv = request["words"]
    if program == "-c":
        code, sys.argv[0] = sys.argv[0], "-c"
        sys.path.insert(0, "")
        exec(code, {"__name__": "__main__"})
    elif program == "-m":
        sys.path.insert(0, request["cwd"])
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv.insert(0, program)
        sys.path.insert(0, str(Path(program).parent))
        runpy.run_path(program, run_name="__main__")


def main() -> None:
    sys.path.pop(0)  # this folder, whose modules have the names of others
    for name in LIBRARIES:
        importlib.import_module(name)
    # What is here now is neither looked at nor copied by a child's garbage collection.
    gc.freeze()
    # Ctrl-C is for the tests, which then end what they started. A child handles it as we would.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = ForkServer(socket.socket(fileno=int(sys.argv[1])))
    if asked := server.run():
        signal.signal(signal.SIGINT, handler)
        become(*asked)


if __name__ == "__main__":
    main()
