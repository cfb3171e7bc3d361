"""What EventFlow is made of, and whether somebody knows a hole in it."""

import json
import os
import re
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings

pytestmark = [pytest.mark.once, pytest.mark.process("the commands of the README")]
ROOT = settings.BASE_DIR


def run(script, **env):
    return subprocess.run(
        [str(ROOT / "bin" / script)],
        cwd="/",
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


@contextmanager
def advisories(knows=None):
    """A server that plays OSV; `knows` is a package with a hole."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
            hole = {
                "id": "PYSEC-2026-1",
                "summary": "A hole",
                "affected": [{"package": asked, "ranges": []}],
            }
            body = json.dumps({"vulns": [hole]} if asked["name"] == knows else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def test_audit_passes_where_nothing_is_known():
    with advisories() as url:
        done = run("audit", ADVISORIES_URL=url)
    assert (done.returncode, done.stderr) == (
        0,
        f"No known vulnerability in requirements.txt, says {url}.\n",
    )


def test_audit_fails_on_a_known_vulnerability_and_names_it():
    with advisories(knows="django") as url:
        done = run("audit", ADVISORIES_URL=url)
    assert done.returncode == 1
    assert re.search(r"^django +\S+ +PYSEC-2026-1", done.stdout, re.MULTILINE)


def test_audit_says_in_one_line_that_nobody_answers_and_does_not_fail():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1/query"
    done = run("audit", ADVISORIES_URL=url)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "",
        f"Not audited: no advisory source answers at {url}.\n",
    )


def test_sbom_names_every_locked_package_and_browser_file():
    done = run("sbom")
    assert done.returncode == 0, done.stderr
    bom = json.loads(done.stdout)
    locked = re.findall(
        r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    vendored = [
        folder.name.rpartition("-")[::2]
        for folder in (ROOT / "static/vendor").iterdir()
        if folder.is_dir()
    ]
    assert sorted((part["name"], part["version"]) for part in bom["components"]) == sorted(
        [*locked, *vendored]
    )
    (django,) = [part for part in bom["components"] if part["name"] == "django"]
    assert django["purl"].startswith("pkg:pypi/django@") and django["hashes"]
    assert (bom["bomFormat"], bom["specVersion"], bom["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "1.6",
        "eventflow",
    )
