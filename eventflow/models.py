"""The tables of the project itself; each lives in the leaf that owns it."""

from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from eventflow.jobs.models import Worker
from eventflow.mail.models import Mail

__all__ = ["AuditEntry", "Mail", "Replay", "Worker"]
