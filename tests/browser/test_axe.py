"""axe finds no accessibility error on any page: both themes and languages, narrow and wide."""

import os
from itertools import product
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.support.dataset_visits import pages
from tests.support.factories import PASSWORD
from tests.support.full_dataset import make_dataset

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (runOnly) => {
  const options = {runOnly, resultTypes: ["violations"], preload: false};
  const { violations } = await axe.run(document, options);
  const where = (one) => one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(" | ");
  return violations.map(one => `${one.id}: ${where(one)}`);
}"""
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
def test_pages_pass_axe(open_window, log_in, page_errors, theme, size, locale):
    dataset = make_dataset()
    User.objects.update(language=locale[:2])
    page_errors.expected.append("the server responded with a status of 4")
    windows, found, looked_at = dict[Any, Page](), dict[str, str](), set[str]()
    for who, path in pages(dataset):
        if who not in windows:
            windows[who] = open_window(color_scheme=theme, viewport=size, locale=locale)
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
    """Open the second step of a log-in, which has no address of its own."""
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_visible()
