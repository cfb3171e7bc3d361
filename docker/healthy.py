"""Exits with 0 if the web process of this container can serve, else with 1.

Docker asks every few seconds, so it loads only the standard library.
"""

import http.client
import os
import sys

# The name that this process answers to; a pattern like .example.org is answered as example.org.
first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
host = first if first not in {"", "*"} else "localhost"
web = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
try:
    # As a proxy would, so that a site on https is not asked over http.
    web.request("GET", "/health/ready", headers={"Host": host, "X-Forwarded-Proto": "https"})
    answer = web.getresponse()
except OSError as error:
    sys.exit(f"no answer: {error}")
print(answer.status, answer.read(1000).decode(errors="replace"))  # noqa: T201  `docker inspect` shows it
sys.exit(answer.status != 200)
