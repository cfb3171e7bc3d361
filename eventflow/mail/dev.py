"""The page that shows mail instead of sending it. Only a trial has it (settings.DEV_MAIL), and only for the machine itself."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import wraps
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from eventflow.core.addresses import is_loopback

# Django's file backend writes one file a connection, each message followed by this line.
BETWEEN = b"\n" + b"-" * 79 + b"\n"
SHOWN = 200
# Of so many, the newest ones, some are looked for.
SEARCHED = 5000
WITH_FRAME = settings.SECURE_CSP | {"frame-src": [CSP.SELF]}
# What another wrote: its own styles and nothing else, inside our frame only.
THEIRS = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
}


@dataclass(frozen=True)
class Sent:
    name: str
    message: EmailMessage

    @property
    def date(self) -> datetime | None:
        return self.message["Date"].datetime if self.message["Date"] else None

    def holds(self, words: list[str]) -> bool:
        where = f"{self.message['To']} {self.message['Subject']}".lower()
        return all(word in where for word in words)

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return part.get_content() if part else ""

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        return part.get_content() if part else ""

    @property
    def attachments(self) -> list[EmailMessage]:
        return [*self.message.iter_attachments()]

    @property
    def file_names(self) -> list[str]:
        """Of the attachments: a template would look for a header of that name."""
        return [file.get_filename() or "" for file in self.attachments]


def all_sent(words: str = "") -> list[Sent]:
    """The newest first; with `words`, those whose address or subject holds every one of them."""
    wanted = words.lower().split()
    files = sorted(folder().glob("*.log"), key=lambda file: file.stat().st_mtime)[
        -SEARCHED if wanted else -SHOWN :
    ]
    mails = [mail for file in files for mail in read(file) if mail.holds(wanted)]
    return sorted(mails, key=lambda mail: mail.date.timestamp() if mail.date else 0)[::-1][:SHOWN]


def folder() -> Path:
    mailer: dict[str, Any] = settings.MAILERS["default"]
    return Path(mailer["OPTIONS"]["file_path"])


def read(file: Path) -> Iterator[Sent]:
    for number, raw in enumerate(file.read_bytes().split(BETWEEN)[:-1]):
        yield Sent(
            f"{file.stem}-{number}",
            BytesParser(EmailMessage, policy=policy.default).parsebytes(raw),
        )


def find(name: str) -> Sent:
    """By a name out of the listing; whatever else is asked for does not exist, so no path ever comes from the address."""
    stem = name.rpartition("-")[0]
    for file in folder().glob("*.log"):
        if file.stem == stem:
            for mail in read(file):
                if mail.name == name:
                    return mail
    raise Http404


def for_this_machine[**P, Answer](view: Callable[P, Answer]) -> Callable[P, Answer]:
    """404 for whoever comes from another machine, or through a tunnel under another name."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
        request: Any = args[0]
        host, _port = split_domain_port(request.get_host())
        if not (is_loopback(request.META.get("REMOTE_ADDR", "")) and is_loopback(host)):
            raise Http404
        return view(*args, **kwargs)

    return guarded


@require_safe
@for_this_machine
def inbox(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    return render(request, "dev_mail.html", {"mails": all_sent(words), "words": words})


@require_safe
@for_this_machine
@csp_override(WITH_FRAME)
def message(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "dev_message.html", {"mail": find(name)})


@require_safe
@for_this_machine
@xframe_options_sameorigin
@csp_override(THEIRS)
def html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML form alone, for the frame."""
    return HttpResponse(find(name).html)


@require_safe
@for_this_machine
@csp_override(THEIRS)
def attachment(request: HttpRequest, name: str, number: int) -> FileResponse:
    files = find(name).attachments
    if number >= len(files):
        raise Http404
    file = files[number]
    content = io.BytesIO(cast(bytes, file.get_payload(decode=True)))
    return FileResponse(
        content,
        as_attachment=True,
        filename=file.get_filename() or "",
        content_type=file.get_content_type(),
    )
