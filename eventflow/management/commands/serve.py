"""`manage.py serve`: runs one web process."""

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection


class Command(BaseCommand):
    help = (
        "Serve EventFlow: pages, API and sockets on one port. SIGTERM lets the running requests "
        "finish."
    )

    # eventflow.asgi runs them, as it does for every server.
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--host",
            default=settings.HOST,
            help=f"address to listen on (default: HOST, here {settings.HOST})",
        )
        parser.add_argument(
            "--port",
            type=int,
            default=settings.PORT,
            help=f"port to listen on (default: PORT, here {settings.PORT})",
        )

        parser.add_argument(
            "--migrate",
            action="store_true",
            help="bring the database up to date first; of several that start at once, one does it",
        )

    def handle(self, *, host: str, port: int, migrate: bool, **options: Any) -> None:
        if migrate:
            bring_up_to_date()
        # Imported here: with the server comes an event loop, which no other command needs.
        from twisted.internet.error import CannotListenError

        from eventflow import asgi
        from eventflow.server.server import Server

        server = Server(asgi.application, host=host, port=port)
        try:
            port = server.listen()
        except CannotListenError as error:
            raise CommandError(f"Can't listen on {host}:{port}: {error.socketError}") from error
        self.stdout.write(f"Listening on http://{host}:{port}")
        self.stdout.flush()
        if not server.run():
            # A request still runs, and a normal exit would wait for its thread.
            os._exit(1)


def bring_up_to_date() -> None:
    """Run the migrations that are due. Raises CommandError if the database does not answer."""
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise CommandError(
            f"The database does not answer: {str(error).strip().splitlines()[0]}"
        ) from error
    finally:
        connection.close()
