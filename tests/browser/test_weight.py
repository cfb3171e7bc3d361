"""What a first visit costs, on the files as production serves them: bytes, requests, and nothing that jumps about."""

import subprocess

import pytest

from tests import processes
from tests.factories import make_event
from tests.serving import serving

pytestmark = pytest.mark.once

MOST_BYTES, MOST_REQUESTS = 80_000, 24
SHIFTS = """() => new Promise(done => {
  let shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; })).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(shift), 500);
})"""


@pytest.fixture
def production(tmp_path):
    """A server with hashed and compressed files."""
    env = {"DEBUG": False, "DATA_DIR": tmp_path, "ALLOWED_HOSTS": "127.0.0.1"}
    words = processes.command("collectstatic", "--noinput", "--verbosity=0", "--ignore", "drf_spectacular_sidecar")
    subprocess.run(words, env=processes.environment(**env), check=True)
    with serving(tmp_path / "log", **env) as site:
        yield f"http://127.0.0.1:{site.port}"


@pytest.fixture
def received(page):
    """{address: bytes on the wire, heads included} of everything that the page gets."""
    session, sizes, addresses = page.context.new_cdp_session(page), {}, {}
    session.on("Network.requestWillBeSent", lambda event: addresses.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({addresses[event["requestId"]]: event["encodedDataLength"]}))
    session.send("Network.enable")
    return sizes


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_first_visit_to_an_event_is_light_and_still(production, page, received, language):
    event = make_event(title="Zażółć gęślą jaźń: noc druku", description="Farba, papier i stół. " * 20)
    page.set_extra_http_headers({"Accept-Language": language})
    page.goto(f"{production}/events/{event.pk}/", wait_until="networkidle")
    assert page.evaluate(SHIFTS) < 0.01
    assert sum(received.values()) <= MOST_BYTES, sorted(received.items(), key=lambda item: -item[1])
    assert len(received) <= MOST_REQUESTS, sorted(received)
    assert {address for address in received if not address.startswith(production)} == set()


def test_files_are_kept_for_ever_under_names_that_say_what_is_in_them(production, page):
    caching = {}
    page.on("response", lambda answer: caching.update({answer.url: answer.headers.get("cache-control", "")}))
    page.goto(f"{production}/", wait_until="networkidle")
    files = {address: told for address, told in caching.items() if "/static/" in address}
    assert len(files) > 5
    assert set(files.values()) == {"max-age=315360000, public, immutable"}
