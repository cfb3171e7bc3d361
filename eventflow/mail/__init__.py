"""Mail leaves through a queue that is written in the transaction of its cause: none before the commit, none lost after it.

A mail is kept as what it is about (a builder's name and ids), and built when it is sent, in the recipient's language. A
builder that finds its cause gone (an undone decision) returns None, and nothing is sent. Each mail keeps one Message-ID
through all its attempts, so that a mailbox can drop the rare second copy.
"""

from eventflow.mail.letters import Letter
from eventflow.mail.registry import mail_builder
from eventflow.mail.services import (
    FIRST_IN_LINE,
    forget,
    queue,
    queue_many,
    queue_to_address,
    recall,
    waiting,
)

__all__ = [
    "FIRST_IN_LINE",
    "Letter",
    "forget",
    "mail_builder",
    "queue",
    "queue_many",
    "queue_to_address",
    "recall",
    "waiting",
]
