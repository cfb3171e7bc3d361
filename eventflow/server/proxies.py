"""Client address and scheme behind proxies: our own proxies are believed, nobody else is.

Applied once, before everything else: behind it address and scheme are the client's, and no
forwarding header is left.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
FORWARDING_HEADERS = {
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-real-ip",
    b"forwarded",
}


def networks(names: Sequence[str]) -> list[Network]:
    """The networks that `10.0.0.7` or `10.0.0.0/8` name. Raises ValueError for anything else."""
    return [ip_network(name.strip()) for name in names if name.strip()]


class BehindProxies:
    """ASGI middleware that reads X-Forwarded-For and X-Forwarded-Proto of `trusted` peers."""

    def __init__(self, inner: Any, *, trusted: Sequence[Network]) -> None:
        self.inner = inner
        self.is_trusted = lru_cache(maxsize=1024)(
            lambda address: any(address in network for network in trusted)
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        forwarding = [header for header in scope["headers"] if header[0] in FORWARDING_HEADERS]
        if forwarding:
            others = [header for header in scope["headers"] if header[0] not in FORWARDING_HEADERS]
            scope = {**scope, "headers": others}
            peer = parse_address(scope["client"][0]) if scope.get("client") else None
            if peer and self.is_trusted(peer):
                self.apply(scope, forwarding, peer)
        return await self.inner(scope, receive, send)

    def apply(
        self,
        scope: dict[str, Any],
        headers: Sequence[tuple[bytes, bytes]],
        peer: IPv4Address | IPv6Address,
    ) -> None:
        """Set the scope's client and scheme from these headers of a trusted peer."""
        # Each of our proxies adds its client at the right end: the first that is none of ours is
        # the client. What stands left of it can be anybody's invention.
        for name in reversed(",".join(values(headers, b"x-forwarded-for")).split(",")):
            if not self.is_trusted(peer) or (address := parse_address(name)) is None:
                break
            peer = address
        scope["client"] = [str(peer), 0]
        protos = ",".join(values(headers, b"x-forwarded-proto"))
        proto = protos.rpartition(",")[2].strip().lower()
        if scope["type"] == "http" and proto in {"http", "https"}:
            scope["scheme"] = proto


def values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin1") for each, value in headers if each == name]


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address without its port, an IPv4 one never as IPv6; None where there is none."""
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
