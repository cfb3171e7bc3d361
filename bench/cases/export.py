"""The guest list of 100,000 as CSV: the first byte, and the memory while it streams."""

import http.client
import threading
import time

from bench.bench import Bench, Person
from bench.data import BIG
from bench.load import quantile
from bench.meter import pss
from bench.results import Result, Verdict

# At the database with this many, half are at the big event: as many lines has its file in each.
SMALL, LARGE = 1_000, 1_000_000
SECOND_EVENT = 2
FEW_GUESTS = "SELECT min(id) FROM events_event WHERE organizer_id = %s AND id > 2"


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(LARGE)
    organizer = bench.signed_in(database, database.organizer)[0]
    with bench.stack.site(database.name, web=1, worker=False) as site:
        pid, port = site.web[0].pid, site.ports[0]
        # The list of an event with few guests: what streaming costs at all.
        with site.connect() as connection:
            [(few,)] = connection.execute(FEW_GUESTS, [database.organizer])
        download(port, few, organizer)
        before = pss(pid)
        with PeakMemory(pid) as memory:
            downloads = [download(port, SECOND_EVENT, organizer) for _ in range(bench.rounds)]
        first = sorted(first for first, _seconds, _lines, _bytes in downloads)
        _first, seconds, lines, size = downloads[0]
        with PeakMemory(pid) as big_memory:
            big = download(port, BIG, organizer)
    result.verdicts = [
        Verdict("lines", lines, "", 100_000, at_least=True),
        Verdict("first byte", quantile(first, 0.5), "s", 0.5),
        Verdict("more memory at its peak than before (PSS)", memory.peak - before, "MiB", 10),
    ]
    result.notes = [
        f"{lines:,} lines, {size / 1e6:.1f} MB in {seconds:.1f} s",
        f"{before:.0f} MiB before, {memory.peak:.0f} MiB at the peak",
        f"{big[2]:,} lines in {big[1]:.1f} s, first byte after {big[0]:.2f} s",
        f"{big_memory.peak:.0f} MiB at the peak of those",
    ]
    return result


def download(port: int, event: int, organizer: Person) -> tuple[float, float, int, int]:
    """Seconds to the first byte of the body and to the last; lines and bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    begun = time.monotonic()
    connection.request(
        "GET",
        f"/organizer/events/{event}/export.csv",
        headers=dict(header.split(": ", 1) for header in organizer.for_pages),
    )
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"The CSV answers {answer.status}")
    chunk = answer.read1(65536)
    first, lines, size = time.monotonic() - begun, -1, 0
    while chunk:
        lines, size = lines + chunk.count(b"\n"), size + len(chunk)
        chunk = answer.read1(65536)
    connection.close()
    return first, time.monotonic() - begun, lines, size


class PeakMemory:
    """The highest PSS of a process while entered, in MiB."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.ended = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.measure)

    def measure(self) -> None:
        while not self.ended.wait(0.05):
            self.peak = max(self.peak, pss(self.pid))

    def __enter__(self) -> "PeakMemory":
        self.thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.ended.set()
        self.thread.join()
