"""The tables of the app `eventflow`, each defined in the room that owns it."""

from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from eventflow.jobs.models import Worker
from eventflow.mail.models import Mail

__all__ = ["AuditEntry", "Mail", "Replay", "Worker"]
