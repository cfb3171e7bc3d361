"""No page scrolls sideways, and no text takes another direction, whatever a person wrote in it."""

import pytest

from tests.browser.test_axe import pages
from tests.support.full_dataset import make_dataset
from tests.support.hard_texts import TEXTS, fill_every_text

pytestmark = pytest.mark.once(on="postgresql")
WIDTHS = (320, 360, 390, 1280)
# How far the page scrolls sideways, and the innermost elements that are outside of the window.
SIDEWAYS = """() => {
  const page = document.documentElement, over = page.scrollWidth - page.clientWidth;
  if (over <= 0) return null;
  const out = [...document.body.querySelectorAll("*")]
    .filter(one => one.getBoundingClientRect().right > page.clientWidth + 1);
  const last = out.filter(one => ![...one.children].some(child => out.includes(child))).slice(0, 3);
  const name = (one) => `${one.tagName}.${one.getAttribute("class")}`;
  return `${over} px: ` + last.map(one => `${name(one)} ${one.textContent.trim().slice(0, 20)}`);
}"""
# Elements with a person's text that are not isolated from the text around them, or that have the
# wrong direction.
TURNED = """() => [...document.querySelectorAll("bdi, [dir=auto]")]
  .filter(one => /^[\\u0590-\\u06ff]/.test(one.textContent.trim()) && one.getClientRects().length)
  .filter(one => {
    const { direction, unicodeBidi } = getComputedStyle(one);
    return direction !== "rtl" || !/isolate|plaintext/.test(unicodeBidi);
  })
  .map(one => one.outerHTML.slice(0, 120))"""


def open_pages(dataset, open_window, log_in):
    """Yield (path, window) of every page, opened once by a person who may see it."""
    windows = {}
    for who, path in pages(dataset):
        if who not in windows:
            windows[who] = open_window()
            person = dataset["people"].get(who) if isinstance(who, str) else who
            if person:
                log_in(windows[who], person)
        windows[who].goto(path)
        yield path, windows[who]


def sideways(page):
    """Return {width of the window: the elements that make the page scroll sideways}."""
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if said := page.evaluate(SIDEWAYS):
            found[width] = said
    return found


def test_sideways_check_finds_a_page_that_scrolls(page):
    page.set_content("<main><p>short</p><div><b>" + "W" * 200 + "</b></div></main>")
    assert {
        width: said.split(" px: ")[1] for width, said in sideways(page).items()
    } == dict.fromkeys(WIDTHS, "B.null " + "W" * 20)


def test_pages_do_not_scroll_sideways_with_any_text(open_window, log_in, page_errors):
    dataset = make_dataset()
    fill_every_text(TEXTS["a long word"], TEXTS["a link"], TEXTS["an address"])
    page_errors.expected.append("the server responded with a status of 4")
    found = {
        path: over
        for path, page in open_pages(dataset, open_window, log_in)
        if (over := sideways(page))
    }
    assert found == {}


def test_texts_keep_their_own_direction(open_window, log_in, page_errors):
    dataset = make_dataset()
    fill_every_text("קרוא \u202e5")
    page_errors.expected.append("the server responded with a status of 4")
    found, shown = {}, 0
    for path, page in open_pages(dataset, open_window, log_in):
        shown += page.locator("bdi, [dir=auto]").filter(has_text="קרוא").count()
        if turned := page.evaluate(TURNED):
            found[path] = turned
    assert found == {}
    assert shown > 100
