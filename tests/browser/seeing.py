"""What a person sees in a browser's window: text that is inside of it and that nothing covers."""

from playwright.sync_api import Locator, Page

# Every piece of text below the elements at a selector of which at least the middle of one line is in the window, with nothing of
# another element over it.
PIECES = """(selector) => {
  const covers = (top, parent) => top && top !== parent && !parent.contains(top) && !top.contains(parent);
  const seen = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].some(({ x, y, width, height }) => {
      if (width < 2 || height < 2) return false;
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      return top !== null && !covers(top, node.parentElement);
    });
  };
  const pieces = [];
  for (const element of document.querySelectorAll(selector)) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const shown = node.parentElement.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      if (node.data.trim() && shown && seen(node)) pieces.push(node.data);
    }
  }
  return pieces.join(" ").replace(/[\\s\\u2060]+/g, " ").trim();
}"""
# Where a page says what became of a press.
FEEDBACK = ".toast, [role=alert], [role=status], [aria-live], [data-focus], .field__error, .notice, .result, h1"


def seen_text(page: Page, selector: str = "body") -> str:
    """The text below the elements at `selector` that somebody who looks at the window sees now, with single spaces."""
    return page.evaluate(PIECES, selector)


def is_seen(locator: Locator) -> bool:
    """Whether the element has an area in the window, and its middle belongs to it or to something inside of it."""
    if not locator.is_visible():
        return False
    locator.scroll_into_view_if_needed()
    return locator.evaluate(
        """(element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          const top = document.elementFromPoint(x + width / 2, y + height / 2);
          return width > 1 && height > 1 && top !== null && (element.contains(top) || top.contains(element));
        }"""
    )
