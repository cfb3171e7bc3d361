"""No page scrolls sideways, and no word is turned round, whatever somebody wrote: seen by a browser, on every page."""

import pytest

from tests.browser.test_axe import pages
from tests.support.full_dataset import make_dataset
from tests.support.hard_texts import TEXTS, fill_every_text

pytestmark = pytest.mark.once(on="postgresql")
WIDTHS = (320, 360, 390, 1280)
# How far the page can be moved sideways, and what stands out of it: the innermost of those elements.
SIDEWAYS = """() => {
  const page = document.documentElement, over = page.scrollWidth - page.clientWidth;
  if (over <= 0) return null;
  const out = [...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > page.clientWidth + 1);
  const last = out.filter(one => ![...one.children].some(child => out.includes(child))).slice(0, 3);
  return `${over} px: ` + last.map(one => `${one.tagName}.${one.getAttribute("class")} ${one.textContent.trim().slice(0, 20)}`);
}"""
# Elements with what somebody wrote that are not kept apart from the words around them, or that run the wrong way.
TURNED = """() => [...document.querySelectorAll("bdi, [dir=auto]")]
  .filter(one => /^[\\u0590-\\u06ff]/.test(one.textContent.trim()) && one.getClientRects().length)
  .filter(one => getComputedStyle(one).direction !== "rtl" || !/isolate|plaintext/.test(getComputedStyle(one).unicodeBidi))
  .map(one => one.outerHTML.slice(0, 120))"""


def walk(dataset, visitor, log_in):
    """Every page once, each in the window of who may see it: (its path, the window)."""
    windows = {}
    for who, path in pages(dataset):
        if who not in windows:
            windows[who] = visitor()
            person = dataset["people"].get(who) if isinstance(who, str) else who
            if person:
                log_in(windows[who], person)
        windows[who].goto(path)
        yield path, windows[who]


def sideways(page):
    """{width: what makes the page scroll} where something does."""
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if said := page.evaluate(SIDEWAYS):
            found[width] = said
    return found


def test_a_page_that_scrolls_sideways_is_found(page):
    page.set_content("<main><p>short</p><div><b>" + "W" * 200 + "</b></div></main>")
    assert {
        width: said.split(" px: ")[1] for width, said in sideways(page).items()
    } == dict.fromkeys(WIDTHS, "B.null " + "W" * 20)


def test_no_page_scrolls_sideways_with_any_text(visitor, log_in, complaints):
    dataset = make_dataset()
    fill_every_text(TEXTS["a long word"], TEXTS["a link"], TEXTS["an address"])
    complaints.expected.append("the server responded with a status of 4")
    found = {
        path: over for path, page in walk(dataset, visitor, log_in) if (over := sideways(page))
    }
    assert found == {}


def test_every_text_keeps_its_own_direction_on_every_page(visitor, log_in, complaints):
    dataset = make_dataset()
    fill_every_text("קרוא \u202e5")
    complaints.expected.append("the server responded with a status of 4")
    found, shown = {}, 0
    for path, page in walk(dataset, visitor, log_in):
        shown += page.locator("bdi, [dir=auto]").filter(has_text="קרוא").count()
        if turned := page.evaluate(TURNED):
            found[path] = turned
    assert found == {}
    assert shown > 100
