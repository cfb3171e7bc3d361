"""Logs an outage of a service that EventFlow depends on: once at its beginning, once at its end."""

import logging
import time


class Outage:
    """Whether one service is away. Told of every failure and success, it logs the changes."""

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self.logger, self.what = logger, what
        self.since: float | None = None

    @property
    def is_on(self) -> bool:
        return self.since is not None

    def began(self, error: BaseException) -> None:
        if self.since is None:
            self.since = time.monotonic()
            self.logger.warning("%s: away (%s)", self.what, type(error).__name__)

    def ended(self) -> None:
        if self.since is not None:
            self.logger.warning("%s: back after %.0f s", self.what, time.monotonic() - self.since)
            self.since = None
