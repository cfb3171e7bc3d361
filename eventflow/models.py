"""The tables of the project itself; each lives in the leaf that owns it."""

from eventflow.api.idempotency import Replay
from eventflow.audit import AuditEntry
from eventflow.mail.models import Mail, Worker

__all__ = ["AuditEntry", "Mail", "Replay", "Worker"]
