import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Serve EventFlow: pages, API and sockets on one port. SIGTERM lets the running requests finish."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"), help="address to listen on (default: HOST, else 127.0.0.1)")
        parser.add_argument("--port", type=int, default=settings.PORT, help=f"port to listen on (default: PORT, here {settings.PORT})")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        # Imported here: with the server comes an event loop, which no other command needs.
        from twisted.internet.error import CannotListenError

        from eventflow import asgi
        from eventflow.server import Server

        server = Server(asgi.application, pages=asgi.pages, host=host, port=port)
        try:
            port = server.listen()
        except CannotListenError as error:
            raise CommandError(f"Can't listen on {host}:{port}: {error.socketError}") from error
        self.stdout.write(f"Listening on http://{host}:{port}")
        self.stdout.flush()
        if not server.run():
            # A request still runs. To leave by the usual door would be to wait for it.
            os._exit(1)
