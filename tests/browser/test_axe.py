"""axe finds nothing, on any page, in either theme, narrow and wide, in English and in Polish."""

import os
from itertools import product
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.support.factories import PASSWORD
from tests.support.full_dataset import make_dataset, pages

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async rules => (await axe.run(document, {runOnly: rules, resultTypes: ["violations"], preload: false})).violations
  .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(" | ")}`)"""
pytestmark = pytest.mark.once(on="postgresql")
# Each theme, each width and each language once; AXE=every looks at every mixture of them.
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = [("light", WIDE, "en-GB"), ("dark", NARROW, "pl-PL")]
if os.environ.get("AXE") == "every":
    LOOKS = list(product(["light", "dark"], [WIDE, NARROW], ["en-GB", "pl-PL"]))


@pytest.mark.parametrize(
    ("theme", "size", "locale"),
    LOOKS,
    ids=[f"{theme}-{size['width']}-{locale}" for theme, size, locale in LOOKS],
)
def test_axe_finds_nothing(visitor, log_in, complaints, theme, size, locale):
    dataset = make_dataset()
    User.objects.update(language=locale[:2])
    complaints.expected.append("the server responded with a status of 4")
    windows, found, looked_at = {}, {}, set()
    for who, path in pages(dataset):
        if who not in windows:
            windows[who] = visitor(color_scheme=theme, viewport=size, locale=locale)
            person = dataset["people"].get(who) if isinstance(who, str) else who
            if person:
                log_in(windows[who], person)
        windows[who].goto(path)
        look(windows[who], path, found)
        looked_at.add(path)
    second_step(windows["visitor"], dataset["people"]["with an app"])
    look(windows["visitor"], "the second step of a log-in", found)
    assert found == {}
    assert len(looked_at) > 60


def look(page, path, found):
    page.evaluate(AXE)
    for violation in page.evaluate(RUN, RULES):
        found.setdefault(violation, path)


def second_step(page, person):
    """The one page that has no address of its own to go to."""
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_visible()
