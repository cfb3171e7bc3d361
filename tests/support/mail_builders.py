"""Mail builders for tests, in a module that a worker process imports too."""

from eventflow.mail import Letter, mail_builder


@mail_builder("tests.note")
def note(subject: str) -> Letter:
    return Letter(subject, f"{subject}, in more words.\n")


@mail_builder("tests.broken")
def broken(subject: str) -> Letter:
    raise LookupError(subject)


@mail_builder("tests.no_longer_needed")
def no_longer_needed() -> None:
    return None
