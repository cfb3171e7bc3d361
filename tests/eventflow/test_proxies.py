"""Client address and scheme behind proxies: only those named in TRUSTED_PROXIES are believed."""

import asyncio
from ipaddress import ip_network

import pytest

from eventflow.server.proxies import BehindProxies, networks
from tests.support.http_client import HttpClient
from tests.support.processes import command, run
from tests.support.server_process import serving

pytestmark = pytest.mark.once

OURS = networks(["10.0.0.0/8", "192.0.2.1", "fd00::/8"])


def seen(peer, *headers, kind="http"):
    """What stands behind: the client's address, the scheme, and which headers are left."""
    given = {
        "type": kind,
        "client": [peer, 4711],
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    if kind == "http":
        given["scheme"] = "http"
    passed = {}

    async def inner(scope, receive, send):
        passed.update(scope)

    asyncio.run(BehindProxies(inner, trusted=OURS)(given, None, None))
    return (
        passed["client"][0],
        passed.get("scheme"),
        [name.decode() for name, _value in passed["headers"]],
    )


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("10.0.0.7", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.7", "203.0.113.9", "203.0.113.9"),
        ("fd00::7", "2001:db8::1", "2001:db8::1"),
        # The right end is what our proxy saw; the left one the client's own invention.
        ("10.0.0.7", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        # Through two of ours.
        ("10.0.0.7", "198.51.100.1, 203.0.113.9, 192.0.2.1", "203.0.113.9"),
        ("10.0.0.7", "203.0.113.9:5555", "203.0.113.9"),
        ("10.0.0.7", "[2001:db8::1]:5555", "2001:db8::1"),
        ("10.0.0.7", "203.0.113.9, nonsense", "10.0.0.7"),
        ("10.0.0.7", "", "10.0.0.7"),
        # A stranger, however they call themselves.
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("203.0.113.5", "10.0.0.7", "203.0.113.5"),
    ],
)
def test_forwarded_address_is_believed_from_our_proxies_only(peer, said, client):
    assert seen(peer, ("x-forwarded-for", said), ("accept", "*/*"))[0::2] == (client, ["accept"])


def test_forwarded_addresses_in_several_headers_are_one_list():
    assert (
        seen("10.0.0.7", ("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9"))[0]
        == "203.0.113.9"
    )


@pytest.mark.parametrize(("peer", "scheme"), [("10.0.0.7", "https"), ("203.0.113.5", "http")])
def test_forwarded_scheme_is_believed_from_our_proxies_only(peer, scheme):
    assert seen(peer, ("x-forwarded-proto", "https"))[1:] == (scheme, [])
    assert seen(peer, ("x-forwarded-proto", "gopher"))[1:] == ("http", [])


def test_forwarded_address_is_believed_for_sockets():
    assert seen(
        "10.0.0.7",
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        kind="websocket",
    ) == ("203.0.113.9", None, [])


def test_other_forwarding_headers_are_removed():
    headers = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-port", "1"),
        ("x-real-ip", "198.51.100.1"),
        ("forwarded", "for=198.51.100.1"),
    ]
    assert seen("10.0.0.7", *headers) == ("10.0.0.7", "http", [])


def test_networks_reads_addresses_and_networks():
    assert networks(["10.0.0.7", " 172.16.0.0/12 ", ""]) == [
        ip_network("10.0.0.7/32"),
        ip_network("172.16.0.0/12"),
    ]


@pytest.mark.process("the server behind a proxy")
@pytest.mark.parametrize("wrong", ["1", "proxy", "10.0.0.1/8"])
def test_trusted_proxies_that_are_no_addresses_stop_the_start(wrong, tmp_path):
    done = run(command("check"), TRUSTED_PROXIES=wrong, TEST_DATABASE=tmp_path / "db")
    assert done.returncode == 1
    assert "TRUSTED_PROXIES takes addresses and networks with commas" in done.stderr


@pytest.mark.process("the server behind a proxy")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("trusted", "words"), [("127.0.0.0/8", "Log in"), ("10.0.0.0/8", "Too many attempts")]
)
def test_log_ins_are_limited_by_the_client_address_behind_our_proxies(trusted, words, tmp_path):
    """Ten wrong log-ins a minute: of the client behind our proxy, else of the peer."""
    with serving(tmp_path / "log", TRUSTED_PROXIES=trusted, REDIS_URL="") as site:
        for number in range(11):
            visitor = HttpClient(site.port)
            visitor.opener.addheaders.append(
                ("X-Forwarded-For", f"198.51.100.1, 203.0.113.{number}")
            )
            answer = visitor.log_in(f"nobody{number}@example.org", "wrong password")
        assert words in answer.text
