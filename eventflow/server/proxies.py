"""Who really asks: what our own proxies say about the client is believed, what anybody else says about themselves is not.

Applied once, before everything: behind it the address and the scheme are the client's, and there are no forwarding headers any more.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
FORWARDING = {
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-real-ip",
    b"forwarded",
}


def networks(names: Sequence[str]) -> list[Network]:
    """From `10.0.0.7` or `10.0.0.0/8`. Raises ValueError for what is neither."""
    return [ip_network(name.strip()) for name in names if name.strip()]


class BehindProxies:
    """ASGI: takes the client's address and scheme from X-Forwarded-For and X-Forwarded-Proto, if the peer is one of `trusted`."""

    def __init__(self, inner: Any, *, trusted: Sequence[Network]) -> None:
        self.inner = inner
        self.is_trusted = lru_cache(maxsize=1024)(
            lambda address: any(address in network for network in trusted)
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        said = [header for header in scope["headers"] if header[0] in FORWARDING]
        if said:
            scope = {
                **scope,
                "headers": [header for header in scope["headers"] if header[0] not in FORWARDING],
            }
            peer = address_in(scope["client"][0]) if scope.get("client") else None
            if peer and self.is_trusted(peer):
                self.believe(scope, said, peer)
        return await self.inner(scope, receive, send)

    def believe(
        self,
        scope: dict[str, Any],
        said: Sequence[tuple[bytes, bytes]],
        peer: IPv4Address | IPv6Address,
    ) -> None:
        # Each of our proxies adds its client at the right end: the first that is none of ours is who asks. Left of it is anybody's word.
        for name in reversed(",".join(values(said, b"x-forwarded-for")).split(",")):
            if not self.is_trusted(peer) or (told := address_in(name)) is None:
                break
            peer = told
        scope["client"] = [str(peer), 0]
        proto = ",".join(values(said, b"x-forwarded-proto")).rpartition(",")[2].strip().lower()
        if scope["type"] == "http" and proto in {"http", "https"}:
            scope["scheme"] = proto


def values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin1") for each, value in headers if each == name]


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a port and not as IPv6 when it is an IPv4 one; None where there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
