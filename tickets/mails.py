"""The mails of the queue. Each builder reads the truth when the mail leaves, and returns None when its cause is gone."""

from eventflow.mail import Letter


def confirmed(reservation: int, serial: str) -> Letter | None:
    """You have a spot: with the ticket as PDF and the event as .ics. None once that ticket is void."""
    return None


def rejected(reservation: int, decided: str) -> Letter | None:
    """No spot, with the organizer's words. None once that decision was taken back."""
    return None


def event_cancelled(reservation: int) -> Letter | None:
    """The event is called off, with the organizer's words."""
    return None
