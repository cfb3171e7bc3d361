"""Load: wrk and pgbench for many clients, `Client` where each answer is timed and read."""

import http.client
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(__file__).with_name("requests.lua")


class Request(NamedTuple):
    """One request. Headers as `Name: value`; no tab and no line break in any part."""

    path: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    body: str = ""


@dataclass(frozen=True)
class Load:
    """What came of a run: answers a second, and how long they took, in ms."""

    count: int
    rate: float
    p50: float
    p95: float
    p99: float


def wrk(
    ports: Sequence[int],
    requests: Sequence[Request],
    *,
    clients: int,
    seconds: int,
    again: bool = False,
) -> Load:
    """So many clients send these requests for so long, each the next one after an answer.

    Anything but success ends the bench. `again`: begin anew after the last request; without it
    there must be enough requests, because each may be sent once.
    """
    # One thread a server, as far as there are clients for them.
    threads = min(len(ports), clients)
    with tempfile.NamedTemporaryFile("w", suffix=".requests") as file:
        file.writelines(map(line_of, requests))
        file.flush()
        env = {
            "BENCH_PORTS": " ".join(map(str, ports)),
            "BENCH_REQUESTS": file.name,
            "BENCH_THREADS": str(threads),
            **({"BENCH_AGAIN": "1"} if again else {}),
        }
        amount = [f"-t{threads}", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s"]
        command = ["wrk", *amount, "-s", str(SCRIPT), f"http://127.0.0.1:{ports[0]}/"]
        done = subprocess.run(
            command, env=os.environ | env, check=True, capture_output=True, text=True
        )
    report = json.loads(done.stderr)
    if report["refused"] or report["broken"] or report["ran_out"] or not report["count"]:
        raise SystemExit(f"{requests[0].method} {requests[0].path}, {clients} clients: {report}")
    rate = report["count"] / report["seconds"]
    return Load(report["count"], rate, report["p50"], report["p95"], report["p99"])


def line_of(request: Request) -> str:
    """The request as `requests.lua` reads it."""
    parts = [request.method, request.path, request.body, "Host: localhost", *request.headers]
    return "\t".join(parts) + "\n"


def pgbench(url: str, script: str, *, clients: int, seconds: int) -> Load:
    """Run this transaction, by so many clients for so long."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script)
        words = [
            "pgbench",
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            f"--jobs={min(2, clients)}",
            f"--time={seconds}",
        ]
        words += [f"--file={file}", "--log", f"--log-prefix={folder}/log", url]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"pgbench: {done.stderr}")
        # client, transaction, its time in µs, …
        times = sorted(
            float(line.split()[2]) / 1000
            for log in Path(folder).glob("log.*")
            for line in log.read_text().splitlines()
        )
    rate = next(
        float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("tps")
    )
    return Load(len(times), rate, *(quantile(times, share) for share in (0.5, 0.95, 0.99)))


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(runs: Sequence[Load]) -> Load:
    """The median of each figure."""
    values = [
        statistics.median(getattr(run, name) for run in runs)
        for name in ("rate", "p50", "p95", "p99")
    ]
    return Load(sum(run.count for run in runs), *values)


class Client:
    """One client that keeps its connection and its cookies, as a browser does."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self.cookies: dict[str, str] = {}

    def send(self, request: Request) -> tuple[int, bytes, float]:
        """Status, body and ms."""
        headers = dict(header.split(": ", 1) for header in request.headers)
        begun = time.perf_counter()
        self.connection.request(request.method, request.path, body=request.body, headers=headers)
        answer = self.connection.getresponse()
        content = answer.read()
        ms = (time.perf_counter() - begun) * 1000
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, content, ms
