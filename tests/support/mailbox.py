"""What lies in a mailbox once everything queued has left."""

import re
from urllib.parse import urlsplit

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from eventflow.mail import services
from eventflow.mail.models import Mail


def letters_to(address: str) -> list[EmailMultiAlternatives]:
    """Deliver what waits, as the worker would; the letters to this address, oldest first."""
    for waiting in Mail.objects.filter(state=Mail.State.QUEUED).order_by("pk"):
        services.deliver(waiting.pk)
    return [letter for letter in mail.outbox if letter.to == [address]]


def link_in(letter: EmailMultiAlternatives, part: str) -> str:
    """The path of the link in the letter's text whose address contains `part`; the HTML form must hold the same link."""
    url = next(url for url in re.findall(r"https?://\S+", letter.body) if part in url)
    html = str(letter.alternatives[0].content)
    assert f'href="{url}"' in html
    return urlsplit(url).path
