"""The outbox: mails that are queued in the transaction of their cause and sent by workers.

No mail leaves before the commit, and none is lost after it. A row holds the name of a builder and
ids; the letter is built when it is sent, in the language of its reader. A builder whose cause is
gone (an undone decision) returns None, and nothing is sent. Every attempt has the same Message-ID,
so a mailbox can drop a rare second copy.

The trial's inbox, which shows mail instead of sending it, is here too.
"""

from eventflow.mail.letters import Letter
from eventflow.mail.registry import mail_builder
from eventflow.mail.services import (
    HIGH_PRIORITY,
    erase_addresses,
    queue,
    queue_many,
    queue_to_address,
    recall,
    waiting,
)

__all__ = [
    "HIGH_PRIORITY",
    "Letter",
    "erase_addresses",
    "mail_builder",
    "queue",
    "queue_many",
    "queue_to_address",
    "recall",
    "waiting",
]
