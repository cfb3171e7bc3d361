"""The layout of every page, on a phone and on a desktop.

Nothing scrolls sideways, controls are large enough for a finger, and no line begins or ends with a
separator.
"""

import pytest

from accounts.models import User
from tests.browser.conftest import PHONE
from tests.support.dataset_visits import pages
from tests.support.full_dataset import make_dataset

pytestmark = pytest.mark.once
SHOWN = """
  const options = { opacityProperty: true, visibilityProperty: true };
  const hidden = ".visually-hidden, .skip-link, .htmx-indicator";
  const shown = (element) => element.checkVisibility(options)
    && element.getClientRects().length && !element.closest(hidden);"""
# Links and controls, except those within a sentence, that are lower or narrower than 24 px, as
# `text: size`. What a label or a layer of the control itself adds to it counts.
SMALL_TARGETS = (
    f"() => {{ {SHOWN}"
    """
  const layer = (element) => {
    const { content, position, inlineSize, blockSize } = getComputedStyle(element, "::after");
    const isLayer = content !== "none" && position === "absolute";
    return isLayer ? [parseFloat(inlineSize), parseFloat(blockSize)] : [0, 0];
  };
  const size = (element) => {
    const boxes = [element, ...(element.labels ?? [])]
      .flatMap((one) => [...one.getClientRects()])
      .map(({ width, height }) => [width, height]);
    return [0, 1].map((side) => Math.max(layer(element)[side], ...boxes.map((box) => box[side])));
  };
  const inSentence = (element) => {
    if (element.matches("input, select, textarea")) return false;
    if (getComputedStyle(element).display !== "inline") return false;
    let block = element.parentElement;
    while (getComputedStyle(block).display === "inline") block = block.parentElement;
    const rest = block.cloneNode(true);
    rest.querySelectorAll("a, button, .visually-hidden").forEach((link) => link.remove());
    return rest.textContent.trim() !== "";
  };
  const selector = "a[href], button, summary, select, textarea, input:not([type=hidden])";
  const small = [...document.querySelectorAll(selector)]
    .filter((one) => shown(one) && !inSentence(one) && Math.min(...size(one)) < 23.9);
  const nameOf = (one) => (one.textContent.trim() || one.name || one.className).slice(0, 40);
  return small.map((one) => `${nameOf(one)}: ${size(one).map(Math.round)}`);
}"""
)
# Middle dots at which a line begins or ends, as the words beside them.
LONE_DOTS = (
    f"() => {{ {SHOWN}"
    """
  const lone = [];
  const boxOf = (node, i) => {
    const range = document.createRange();
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    return range.getBoundingClientRect();
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.includes("·") || !shown(node.parentElement)) continue;
    if (node.parentElement.closest("dialog, template")) continue;
    let block = node.parentElement;
    while (getComputedStyle(block).display === "inline") block = block.parentElement;
    const letters = [], inside = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    for (let text = inside.nextNode(); text; text = inside.nextNode()) {
      for (let i = 0; i < text.data.length; i++) {
        if (text.data[i].trim()) letters.push([text.data[i], boxOf(text, i)]);
      }
    }
    letters.forEach(([letter, box]) => {
      if (letter !== "·") return;
      const onLine = (other) => Math.abs(other.bottom - box.bottom) < box.height / 2;
      const beside = letters.filter(([, other]) => other.width && onLine(other));
      const before = beside.some(([, other]) => other.x < box.x);
      const after = beside.some(([, other]) => other.x > box.x);
      if (!before || !after) lone.push(block.textContent.trim().slice(0, 60));
    });
  }
  const seen = (x, y, item) => item.contains(document.elementFromPoint(x, y));
  for (const item of document.querySelectorAll(".dots > * + *")) {
    if (!shown(item)) continue;
    item.scrollIntoView({ block: "center" });
    const box = item.getBoundingClientRect();
    const first = box.x - item.parentElement.getBoundingClientRect().x < 1;
    const mark = getComputedStyle(item, "::before"), width = parseFloat(mark.inlineSize);
    const x = box.x + parseFloat(mark.insetInlineStart) + width / 2;
    const y = box.y + parseFloat(mark.blockSize) / 2;
    if (seen(x, y, item) === first) lone.push(item.parentElement.textContent.trim().slice(0, 60));
  }
  return lone;
}"""
)
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DEAD_BUTTONS = (
    f"() => {{ {SHOWN}"
    """
  const selector = "button[type=button]:not([popovertarget]):enabled, [data-theme-toggle]";
  const idle = [...document.querySelectorAll(selector)];
  return idle.filter(shown).map((button) => button.outerHTML.slice(0, 160));
}"""
)


def listed(found):
    return "\n".join(f"{where}: {what}" for where, what in found.items())


class PageWalk:
    """Opens every page as a person who may see it: yields (path, window)."""

    def __init__(self, open_window, log_in, dataset, **window):
        self.open_window, self.log_in, self.dataset, self.window = (
            open_window,
            log_in,
            dataset,
            window,
        )
        self.windows = {}

    def __iter__(self):
        for who, path in pages(self.dataset):
            page = self.windows.get(who) or self.open(who)
            page.goto(path)
            yield path, page

    def open(self, who):
        page = self.windows[who] = self.open_window(**self.window)
        person = self.dataset["people"].get(who) if isinstance(who, str) else who
        if person:
            self.log_in(page, person)
        return page


@pytest.mark.parametrize(
    ("window", "language"), [(PHONE, "pl"), ({}, "en")], ids=["phone-pl", "desk-en"]
)
def test_pages_are_laid_out_for_their_window(open_window, log_in, page_errors, window, language):
    page_errors.expected.append("the server responded with a status of 4")
    dataset = make_dataset()
    User.objects.update(language=language)
    # On another clock than the event's, so that both are said.
    window = {"locale": language, "timezone_id": "America/New_York", **window}
    slips = {}
    for path, page in PageWalk(open_window, log_in, dataset, **window):
        for kind, question in (
            ("wider", WIDER),
            ("small", SMALL_TARGETS),
            ("lone dots", LONE_DOTS),
        ):
            if found := page.evaluate(question):
                slips[path, kind] = found
    assert not slips, listed(slips)


def test_pages_without_a_script_have_no_idle_button(open_window, log_in, page_errors):
    page_errors.expected.append("the server responded with a status of 4")
    dataset = make_dataset()
    idle = {}
    for path, page in PageWalk(open_window, log_in, dataset, java_script_enabled=False):
        if found := page.evaluate(DEAD_BUTTONS):
            idle[path] = found
    assert not idle, listed(idle)
