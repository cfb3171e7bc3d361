"""Delivers the queued mails and reads them as their recipient does."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core import mail

from eventflow.mail import services
from eventflow.mail.models import Mail


def letters_to(address: str) -> list[Any]:
    """Deliver all queued mails as the worker does. Returns those to this address, oldest first."""
    for queued in Mail.objects.filter(state=Mail.State.QUEUED).order_by("pk"):
        services.deliver(queued.pk)
    return [letter for letter in mail.outbox if letter.to == [address]]


def link_in(letter: Any, part: str) -> str:
    """The path of the link that contains `part`, which the text and the HTML must both hold."""
    url = next(url for url in re.findall(r"https?://\S+", letter.body) if part in url)
    html = str(letter.alternatives[0].content)
    assert f'href="{url}"' in html
    return urlsplit(url).path
