"""Formats and filters log records: lines for people, JSON for machines, both with the request id.

Secrets and addresses are masked in each.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from eventflow.observability.masks import mask_path, mask_text
from eventflow.observability.request_context import get_request_context


class PathFilter(logging.Filter):
    """Masks the paths among the arguments of Django's own lines: a path can hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                mask_path(arg) if isinstance(arg, str) and arg.startswith("/") else arg
                for arg in record.args
            )
        return True


class UnknownHostFilter(logging.Filter):
    """Turns Django's error about an unknown Host into a warning of one line.

    Any client can cause it by a header.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        record.msg, record.args = record.getMessage()[:200], ()
        record.exc_info = record.exc_text = None
        return True


class Line(logging.Formatter):
    """A line for people: time, level, logger, [request id], message."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} [{request_id}] {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = get_request_context().request_id
        return mask_text(super().format(record))


class JsonLine(logging.Formatter):
    """One JSON object a line, for machines, with the fields named here and no others."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_text(record.getMessage()),
            "request_id": get_request_context().request_id,
            "person_id": get_request_context().person_id,
            **getattr(record, "access", {}),
        }
        if record.exc_info:
            fields["exception"] = mask_text(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)
