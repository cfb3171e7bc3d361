"""The command of `bin/run`: prepares the database, then runs web process and worker together."""

import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from eventflow.operations import demo
from eventflow.server import staticfiles
from eventflow.server.supervisor import Supervisor


class Command(BaseCommand):
    help = "Bring the database up to date and run web and worker together until Ctrl-C or SIGTERM."
    # The web process runs the system checks; here they would only slow the start.
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        if port_is_taken():
            raise CommandError(
                f"Port {settings.PORT} is in use by another program. Choose another one: PORT=8001 "
                "bin/run"
            )
        self.prepare_database()
        if not settings.DEBUG and staticfiles.collect_if_changed():
            self.stdout.write("Collected the static files.")
            self.stdout.flush()
        connection.close()
        manage = [sys.executable, "manage.py"]
        supervisor = Supervisor(
            web=[*manage, "serve"],
            worker=[*manage, "worker", "--skip-checks"],
            is_up=port_is_taken,
            on_up=self.greet,
        )
        if supervisor.run():
            raise CommandError(
                "EventFlow stopped, because its web process ended by itself; the lines above say "
                "why."
            )

    def prepare_database(self) -> None:
        try:
            if migrations_are_due():
                call_command("migrate", verbosity=0)
            if demo.is_wanted():
                demo.load()
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {str(error).strip().splitlines()[0]}"
            ) from error

    def greet(self) -> None:
        self.stdout.write(f"\nEventFlow is ready: http://localhost:{settings.PORT}\n")
        if demo.is_loaded():
            self.stdout.write(demo.log_ins())
        self.stdout.write("Stop it with Ctrl-C.\n\n")
        self.stdout.flush()


def port_is_taken() -> bool:
    """Whether a program answers on the port."""
    try:
        socket.create_connection(("localhost", settings.PORT), timeout=1).close()
    except OSError:
        return False
    return True


def migrations_are_due() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
