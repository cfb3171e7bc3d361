"""Finds faults of the page that is open in a window, by JavaScript that looks at what it shows.

Nothing scrolls sideways, controls are large enough for a finger, no line begins or ends with a
separator, texts keep their own direction, and axe finds no accessibility error. Each function
returns what it found, or something empty.
"""

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

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
    if (element.closest("[dir=auto] > p")) return true;  // in what a person wrote
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
# Buttons that do nothing without a script.
IDLE_BUTTONS = (
    f"() => {{ {SHOWN}"
    """
  const selector = "button[type=button]:not([popovertarget]):enabled, [data-theme-toggle]";
  const idle = [...document.querySelectorAll(selector)];
  return idle.filter(shown).map((button) => button.outerHTML.slice(0, 160));
}"""
)
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
WIDTHS = (320, 360, 390, 1280)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (runOnly) => {
  const options = {runOnly, resultTypes: ["violations"], preload: false};
  const { violations } = await axe.run(document, options);
  const where = (one) => one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(" | ");
  return violations.map(one => `${one.id}: ${where(one)}`);
}"""
# Every element of the page by its name, class and attributes, and by those of its parent.
KINDS = """() => {
  const names = (one) => [...one.attributes].map(({ name }) => name).sort();
  const kind = (one) => `${one.tagName}.${one.getAttribute("class") ?? ""} ${names(one)}`;
  return [...document.querySelectorAll("body *")]
    .map((one) => `${kind(one.parentElement)} > ${kind(one)}`);
}"""


def wider(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate(WIDER)


def small_targets(page: Page) -> list[str]:
    return page.evaluate(SMALL_TARGETS)


def lone_dots(page: Page) -> list[str]:
    return page.evaluate(LONE_DOTS)


def idle_buttons(page: Page) -> list[str]:
    return page.evaluate(IDLE_BUTTONS)


def turned_texts(page: Page) -> list[str]:
    return page.evaluate(TURNED)


def axe_errors(page: Page) -> list[str]:
    """What axe finds. A window that opens many pages has it from an init script already."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return page.evaluate(RUN, RULES)


def kinds_of_elements(page: Page) -> list[str]:
    return page.evaluate(KINDS)


def sideways(page: Page) -> dict[int, str]:
    """Return {width of the window: the elements that make the page scroll sideways}."""
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if said := page.evaluate(SIDEWAYS):
            found[width] = said
    return found


# What is said when a walk goes on to the next page while something was still under way.
LEFT_EARLY = (
    "net::ERR_ABORTED",
    "Response body loading was aborted",
    "wasm streaming compile failed",
    "falling back to ArrayBuffer instantiation",
)


class Console:
    """Collects what the pages of one window log, and the files that they ask for in vain."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"exception: {error}"))
        page.on("requestfailed", self.add_failed_request)
        page.on("response", self.add_answer)

    def add_failed_request(self, request: Any) -> None:
        self.said.append(f"failed: {request.url} {request.failure}")

    def add_answer(self, response: Any) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.said.append(f"{response.status} {response.url}")

    def take(self, *, refused: bool) -> list[str]:
        """Return the lines since the last call, without what is said of a `refused` page itself."""
        said, self.said = self.said, []
        expected = (*LEFT_EARLY, "the server responded with a status") if refused else LEFT_EARLY
        return [line for line in said if not any(part in line for part in expected)]
