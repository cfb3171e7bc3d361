"""Builders of mails for tests, at a place where a worker process finds them too."""

from eventflow.mail import Letter


def note(subject: str) -> Letter:
    return Letter(subject, f"{subject}, in more words.\n")


def broken(subject: str) -> Letter:
    raise LookupError(subject)


def no_longer_needed() -> None:
    return None
