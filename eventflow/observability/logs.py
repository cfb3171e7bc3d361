"""How a line in the log looks: one for people to read, one for machines to gather; each names its request, and neither anybody else."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from eventflow.observability.masks import scrubbed, without_secrets
from eventflow.observability.request_context import current


class PathFilter(logging.Filter):
    """Masks paths: Django names them in its own lines (Not Found, Forbidden …), and a path can be a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                without_secrets(arg) if isinstance(arg, str) and arg.startswith("/") else arg
                for arg in record.args
            )
        return True


class StrangeHost(logging.Filter):
    """Makes a warning, and one line, of Django's error about a Host that is not ours: anybody can cause it by a header."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        record.msg, record.args = record.getMessage()[:200], ()
        record.exc_info = record.exc_text = None
        return True


class Line(logging.Formatter):
    """For people: time, level, logger, [request], message."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} [{request_id}] {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = current().request_id
        return scrubbed(super().format(record))


class JsonLine(logging.Formatter):
    """For machines: one object a line. Only what stands here gets in; what else hangs on a record (Django's request …) doesn't."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            "request_id": current().request_id,
            "person_id": current().person_id,
            **getattr(record, "access", {}),
        }
        if record.exc_info:
            fields["exception"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)
