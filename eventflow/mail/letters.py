"""A letter: one mail as a builder composes it, as text and HTML, with its attachments."""

from dataclasses import dataclass, field
from email.message import MIMEPart
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


@dataclass(frozen=True)
class Attachment:
    """A file that is sent with a letter."""

    name: str
    content: bytes
    # The media type, and its parameters, as {"method": "CANCEL"} of text/calendar.
    type: str
    parameters: dict[str, str] = field(default_factory=dict)

    def as_part(self) -> MIMEPart:
        """The attachment as a part of a message."""
        part = MIMEPart()
        main, _, sub = self.type.partition("/")
        part.set_content(
            self.content,
            main,
            sub,
            disposition="attachment",
            filename=self.name,
            params=self.parameters,
        )
        return part


@dataclass(frozen=True)
class Letter:
    """Subject, text and HTML of a mail, without its recipient."""

    subject: str
    text: str
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    # The address for answers; empty: none.
    reply_to: str = ""
    # The page where the reader chooses how often such mails come (RFC 2369); empty for mails that
    # can't be turned off.
    unsubscribe: str = ""

    @classmethod
    def render(
        cls,
        template: str,
        context: dict[str, Any],
        attachments: list[Attachment] | None = None,
        *,
        reply_to: str = "",
        unsubscribe: str = "",
    ) -> "Letter":
        """Render `mail/<template>.txt`, whose first line is the subject, and its `.html`."""
        context = {"site_url": settings.SITE_URL, **context}
        subject, _, text = render_to_string(f"mail/{template}.txt", context).strip().partition("\n")
        html = render_to_string(f"mail/{template}.html", context)
        return cls(
            subject.strip(), text.strip() + "\n", html, attachments or [], reply_to, unsubscribe
        )

    def as_message(self, *, to: str, message_id: str) -> EmailMultiAlternatives:
        """The message for Django's mail backends.

        `Auto-Submitted` keeps vacation replies away (RFC 3834).
        """
        headers = {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
        if self.unsubscribe:
            headers["List-Unsubscribe"] = f"<{self.unsubscribe}>"
        reply_to = [self.reply_to] if self.reply_to else None
        subject = " ".join(self.subject.split())
        message = EmailMultiAlternatives(
            subject,
            self.text,
            settings.DEFAULT_FROM_EMAIL,
            [to],
            headers=headers,
            reply_to=reply_to,
        )
        if self.html:
            message.attach_alternative(self.html, "text/html")
        for attachment in self.attachments:
            message.attach(attachment.as_part())
        return message
