"""Failures of what we depend on, said twice: when they begin and when they end."""

import logging
import time


class Outage:
    """Says once that something we depend on is away and once that it is back, however often it is missed in between."""

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
