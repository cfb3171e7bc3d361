"""axe finds nothing, on any page, in either theme, narrow and wide, in English and in Polish."""

from pathlib import Path

import axe_playwright_python
import pytest
from django.urls import reverse

from accounts.models import User
from tests.greek import make_house, visits

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async rules => (await axe.run(document, {runOnly: rules, resultTypes: ["violations"], preload: false})).violations
  .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(" | ")}`)"""
# Each theme, each width and each language.
pytestmark = pytest.mark.once(on="postgresql")
LOOKS = [
    {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}, "locale": "en-GB"},
    {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}, "locale": "pl-PL"},
]


def pages(house):
    """Every page once, and each kind of event's page for whoever meets it in most states."""
    seen = set()
    for who, view, what, asked, *_ in visits(house):
        kind = (view, asked) if view != "events:detail" else (view, what.pk) if who == "guest" else None
        if isinstance(asked, str) and kind and kind not in seen:
            seen.add(kind)
            yield who, reverse(view, args=what if isinstance(what, list) else [what.pk] if what else []) + asked


@pytest.mark.parametrize("look", LOOKS, ids=["light-wide-english", "dark-narrow-polish"])
def test_axe_finds_nothing(visitor, log_in, complaints, look):
    house = make_house()
    User.objects.update(language=look["locale"][:2])
    complaints.expected.append("the server responded with a status of 4")
    windows, found, looked_at = {}, {}, 0
    for who, path in pages(house):
        if who not in windows:
            windows[who] = visitor(**look)
            person = house["people"].get(who) if isinstance(who, str) else who
            if person:
                log_in(windows[who], person)
        page = windows[who]
        page.goto(path)
        page.evaluate(AXE)
        for violation in page.evaluate(RUN, RULES):
            found.setdefault(violation, path)
        looked_at += 1
    assert found == {}
    assert looked_at > 50
