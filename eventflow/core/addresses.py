"""Addresses: those in the settings (the site's own URL, the sender of its mail), each refused in one sentence, and those of clients."""

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
    """The one address that mail comes from, as `Name <addr@host>`; `Name addr@host` is read so too."""
    bare = NAME_AND_ADDRESS.fullmatch(text.strip())
    found = [bare.groups()] if bare else getaddresses([text], strict=True)
    try:
        if len(found) != 1 or not text.isprintable():
            raise ValueError("not exactly one address")
        person, address = found[0]
        spoken = Address(display_name=person.strip(), addr_spec=address)
    except (ValueError, HeaderParseError) as error:
        raise ImproperlyConfigured(
            f"{name} is exactly one address on one line, as EventFlow <hello@example.org>."
        ) from error
    if not spoken.domain:
        raise ImproperlyConfigured(f"{name} has no @: write it as EventFlow <hello@example.org>.")
    return str(spoken)


def url(text: str, *, name: str) -> SplitResult:
    """This http or https URL in its parts."""
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
    """Scheme and host of a site that lives at the root of its host, and nowhere else."""
    parts = url(text, name=name)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"{name} is scheme and host alone, as {parts.scheme}://{parts.netloc}: EventFlow can't live under a path of its host."
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
def neighbourhood(address: str, bits: int = 64) -> str:
    """Who is counted as one: an IPv4 address, or the first bits of an IPv6 one.

    In 64 bits somebody has as many addresses as they like; 48 are the widest that a line gets.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4 or found.ipv4_mapped:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(ip_network((found, bits), strict=False))


def refuse_to_show_a_trial(*, host: str, site: str) -> None:
    """A trial has demo log-ins and shows all mail, so nobody else may reach it."""
    for name, value, where in (
        ("HOST", host, host),
        ("SITE_URL", site, urlsplit(site).hostname or ""),
    ):
        if not is_loopback(where):
            raise ImproperlyConfigured(
                f"This is a trial, with demo log-ins and all mail on a page, and {name}={value} would show it "
                "to others: set DEBUG=False or DATABASE_URL, and EMAIL_HOST."
            )
