"""Values that the tests of the API send and read."""

from datetime import datetime

HUGE = 10**30


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
