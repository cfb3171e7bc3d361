"""The trial's inbox: pages that show mail instead of sending it.

Only a trial has them (settings.DEV_MAIL), and only for requests from the same machine.
"""

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
SEPARATOR = b"\n" + b"-" * 79 + b"\n"
MAX_SHOWN = 200
# A search looks through so many of the newest files.
MAX_SEARCHED = 5000
INBOX_CSP = settings.SECURE_CSP | {"frame-src": [CSP.SELF]}
# A mail in its frame may use its own styles, and nothing else.
MAIL_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
}


@dataclass(frozen=True)
class SentMail:
    """A mail in a file: its name in the list, and the parsed message."""

    name: str
    message: EmailMessage

    @property
    def date(self) -> datetime | None:
        return self.message["Date"].datetime if self.message["Date"] else None

    def holds(self, words: list[str]) -> bool:
        """Whether its recipient or subject contains every word, in lower case."""
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
        """The names of the attachments, which a template can't read from the message."""
        return [file.get_filename() or "" for file in self.attachments]


def find_mails(words: str = "") -> list[SentMail]:
    """The newest mails first; with `words`, those whose recipient or subject holds each of them."""
    wanted = words.lower().split()
    files = sorted(folder().glob("*.log"), key=lambda file: file.stat().st_mtime)[
        -MAX_SEARCHED if wanted else -MAX_SHOWN :
    ]
    mails = [mail for file in files for mail in read(file) if mail.holds(wanted)]
    return sorted(mails, key=lambda mail: mail.date.timestamp() if mail.date else 0)[::-1][
        :MAX_SHOWN
    ]


def folder() -> Path:
    mailer: dict[str, Any] = settings.MAILERS["default"]
    return Path(mailer["OPTIONS"]["file_path"])


def read(file: Path) -> Iterator[SentMail]:
    for number, raw in enumerate(file.read_bytes().split(SEPARATOR)[:-1]):
        yield SentMail(
            f"{file.stem}-{number}",
            BytesParser(EmailMessage, policy=policy.default).parsebytes(raw),
        )


def find_mail(name: str) -> SentMail:
    """The mail of this name; Http404 for any other name. No path is made from the name."""
    stem = name.rpartition("-")[0]
    for file in folder().glob("*.log"):
        if file.stem == stem:
            for mail in read(file):
                if mail.name == name:
                    return mail
    raise Http404


def same_machine_only[**P, Answer](view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Decorate a view: 404 for requests from elsewhere, also through a tunnel by another name."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
        request: Any = args[0]
        host, _port = split_domain_port(request.get_host())
        if not (is_loopback(request.META.get("REMOTE_ADDR", "")) and is_loopback(host)):
            raise Http404
        return view(*args, **kwargs)

    return guarded


@require_safe
@same_machine_only
def inbox(request: HttpRequest) -> HttpResponse:
    """The list of mails, searched by `q`."""
    words = request.GET.get("q", "").strip()
    return render(request, "dev_mail.html", {"mails": find_mails(words), "words": words})


@require_safe
@same_machine_only
@csp_override(INBOX_CSP)
def message(request: HttpRequest, name: str) -> HttpResponse:
    """One mail, its HTML in a frame."""
    return render(request, "dev_message.html", {"mail": find_mail(name)})


@require_safe
@same_machine_only
@xframe_options_sameorigin
@csp_override(MAIL_CSP)
def html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a mail alone, for the frame."""
    return HttpResponse(find_mail(name).html)


@require_safe
@same_machine_only
@csp_override(MAIL_CSP)
def attachment(request: HttpRequest, name: str, number: int) -> FileResponse:
    """An attachment as a download."""
    files = find_mail(name).attachments
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
