import shutil
import socket
import subprocess

import pytest
from stack import ADMIN, HOST, PASSWORD, PORT, ROOT, Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """Started from a fresh clone of what is committed, with the commands of README.md; gone afterwards, volumes and all."""
    with socket.socket() as door:
        if door.connect_ex((HOST, PORT)) == 0:
            pytest.exit(
                f"Port {PORT} is in use, and the documented address is http://localhost:{PORT}: stop what is there.",
                returncode=1,
            )
    folder = tmp_path_factory.mktemp("clone") / "eventflow"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    stack = Stack(folder)
    try:
        shutil.copy(folder / ".env.dev", folder / ".env")
        stack.compose("up", "--build", "--detach", "--wait", seconds=1800)
        stack.compose("exec", "-T", "backend", "python", "manage.py", "migrate")
        password = f"DJANGO_SUPERUSER_PASSWORD={PASSWORD}"
        stack.compose(
            "exec",
            "-T",
            "-e",
            password,
            "backend",
            "python",
            "manage.py",
            "createsuperuser",
            "--noinput",
            "--email",
            ADMIN,
        )
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "20", ok=False)
