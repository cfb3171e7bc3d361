"""Reads addresses: the URL and the sender that the settings name, and the networks of clients.

A setting that is wrong raises ImproperlyConfigured with one sentence that names it.
"""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from functools import lru_cache
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

# `Name addr@host`, as older .env files have it.
NAME_AND_ADDRESS = re.compile(r'"?([^<>@"]*?)"?\s*([^\s<>@",;]+@[^\s<>@",;]+)')


def sender(text: str, *, name: str) -> str:
    """The one address that mail comes from, as `Name <addr@host>`; reads `Name addr@host` too."""
    bare = NAME_AND_ADDRESS.fullmatch(text.strip())
    found = [bare.groups()] if bare else getaddresses([text], strict=True)
    try:
        if len(found) != 1 or not text.isprintable():
            raise ValueError("not exactly one address")
        person, address = found[0]
        mailbox = Address(display_name=person.strip(), addr_spec=address)
    except (ValueError, HeaderParseError) as error:
        raise ImproperlyConfigured(
            f"{name} is exactly one address on one line, as EventFlow <hello@example.org>."
        ) from error
    if not mailbox.domain:
        raise ImproperlyConfigured(f"{name} has no @: write it as EventFlow <hello@example.org>.")
    return str(mailbox)


def url(text: str, *, name: str) -> SplitResult:
    """The parts of an http or https URL. Refused: any other text, and a URL with a user name."""
    try:
        parts = urlsplit(text)
        complete = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete or parts.username is not None:
        raise ImproperlyConfigured(
            f"{name} is a URL with its scheme, as https://events.example.org."
        )
    return parts


def origin(text: str, *, name: str) -> str:
    """Scheme and host of a site at the root of its host. Refused: a URL with a path."""
    parts = url(text, name=name)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"{name} is scheme and host alone, as {parts.scheme}://{parts.netloc}: "
            "EventFlow can't live under a path of its host."
        )
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that host name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def client_network(address: str, bits: int = 64) -> str:
    """The network that counts as one client: an IPv4 address, or `bits` of an IPv6 one.

    One client has any number of addresses within 64 bits; 48 are the widest network that a
    provider gives to one line.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4 or found.ipv4_mapped:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(ip_network((found, bits), strict=False))


def check_trial_is_local(*, host: str, site: str) -> None:
    """Refuse a trial that other machines can reach: it has demo log-ins and shows all mail."""
    for name, value, where in (
        ("HOST", host, host),
        ("SITE_URL", site, urlsplit(site).hostname or ""),
    ):
        if not is_loopback(where):
            raise ImproperlyConfigured(
                f"This is a trial, with demo log-ins and all mail on a page, and {name}={value} "
                "would show it to others: set DEBUG=False or DATABASE_URL, and EMAIL_HOST."
            )
