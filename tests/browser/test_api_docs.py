"""The API's reference works in a browser under its policy and asks no other host for anything."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import until
from tests.eventflow.api.clients import sign_in
from tests.support.factories import make_event, make_person

pytestmark = pytest.mark.once

# The first colour under the page's heading that is one.
GROUND = """() => {
  for (let node = document.querySelector("#swagger-ui"); node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return "rgb(255, 255, 255)";
}"""


@pytest.fixture
def asked(page):
    """The addresses that the page asked for."""
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def elsewhere(asked, site):
    return [url for url in asked if not url.startswith((site.url, "blob:", "data:"))]


# {color scheme: the color of the page}
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(28, 32, 34)"}


def test_swagger_ui_follows_the_color_scheme_and_tries_out_the_api(site, page, asked):
    make_event(title="Night Print")
    person = make_person("Maja Wiśniewska", email="maja@example.org")
    token = sign_in(person)["access"]
    page.goto(f"{site.url}/api/schema/swagger-ui/")
    expect(page.get_by_role("heading", name="EventFlow")).to_be_visible()
    for scheme, ground in GROUNDS.items():
        page.emulate_media(color_scheme=scheme)
        until(page, f"(ground) => ({GROUND})() === ground", ground)
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(token)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").click()
    for operation, words in (("get_me", "maja@example.org"), ("list_events", "Night Print")):
        block = page.locator(f"[id$='-{operation}']")
        block.get_by_role("button", name=re.compile("GET")).first.click()
        block.get_by_role("button", name="Try it out").click()
        block.get_by_role("button", name="Execute").click()
        expect(block.locator(".live-responses-table").first).to_contain_text(words)
    assert elsewhere(asked, site) == []


def test_redoc_shows_and_searches_the_api(site, page, asked):
    page.goto(f"{site.url}/api/schema/redoc/")
    expect(page.get_by_role("heading", name="Sign up")).to_be_visible()
    page.get_by_placeholder("Search...").fill("publish")
    expect(page.locator("[data-role='search:results']")).to_contain_text("Publish an event")
    assert elsewhere(asked, site) == []
