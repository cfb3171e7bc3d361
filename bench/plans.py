"""Requests a page inside this process and prints PostgreSQL's plan of its slowest statement.

python -m bench.plans '["/path", ["Header: value"]]'
"""

import json
import sys


def main(path: str, headers: list[str]) -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, sent = (
        Client(SERVER_NAME="localhost"),
        dict(header.split(": ", 1) for header in headers),
    )
    sent.pop("Accept-Encoding", None)
    client.get(path, headers=sent)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path, headers=sent)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answers {answer.status_code}")
    slowest = max(
        asked.captured_queries,
        key=lambda query: float(query["time"]) if query["sql"].startswith("SELECT") else 0,
    )
    statement = slowest["sql"].replace("%", "%%")
    options = "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ({options}) {statement}", [])
        lines = [line for (line,) in cursor.fetchall()]
    print(f"{len(asked)} statements; the slowest:", *lines, sep="\n")


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
