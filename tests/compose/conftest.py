import shutil
import socket
import subprocess

import pytest
from stack import ADMIN, HOST, PASSWORD, PORT, ROOT, Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """The stack, started from a clone of the last commit with the commands of README.md.

    It is removed afterwards, with its volumes.
    """
    with socket.socket() as probe:
        if probe.connect_ex((HOST, PORT)) == 0:
            pytest.exit(
                f"Port {PORT} of the documented address is in use: stop what listens there.",
                returncode=1,
            )
    folder = tmp_path_factory.mktemp("clone") / "eventflow"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    stack = Stack(folder)
    try:
        shutil.copy(folder / ".env.dev", folder / ".env")
        stack.compose("up", "--build", "--detach", "--wait", seconds=1800)
        stack.compose("exec", "-T", "backend", "python", "manage.py", "migrate")
        execute = ["exec", "-T", "-e", f"DJANGO_SUPERUSER_PASSWORD={PASSWORD}", "backend"]
        create = f"python manage.py createsuperuser --noinput --email {ADMIN}".split()
        stack.compose(*execute, *create)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "20", ok=False)
