"""What a person sees in the window: what is inside of it and not covered by anything else."""

from playwright.sync_api import Locator, Page, expect

# The pieces of text below the elements at a selector of which the middle of at least one line is
# in the window, with nothing of another element over it.
PIECES_OF_TEXT = """(selector) => {
  const covers = (top, parent) =>
    top && top !== parent && !parent.contains(top) && !top.contains(parent);
  const isVisible = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].some(({ x, y, width, height }) => {
      if (width < 2 || height < 2) return false;
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      return top !== null && !covers(top, node.parentElement);
    });
  };
  const options = { opacityProperty: true, visibilityProperty: true };
  const pieces = [];
  for (const element of document.querySelectorAll(selector)) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const shown = node.parentElement.checkVisibility(options);
      if (node.data.trim() && shown && isVisible(node)) pieces.push(node.data);
    }
  }
  return pieces.join(" ").replace(/[\\s\\u2060]+/g, " ").trim();
}"""
# Whether the middle of each of the element's lines belongs to it, to a part of it, or to what it
# is a part of.
IS_ON_TOP = """element => {
  const boxes = [...element.getClientRects()].filter(box => box.width && box.height);
  return boxes.length > 0 && boxes.every(box => {
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return top !== null && (element.contains(top) || top.contains(element));
  });
}"""
# Where a page shows the result of what a person did.
FEEDBACK = (
    ".toast, [role=alert], [role=status], [aria-live], [data-focus], "
    ".field__error, .notice, .result, h1"
)


def visible_text(page: Page, selector: str = "body") -> str:
    """The text below the elements at `selector` that is visible now, with single spaces."""
    return page.evaluate(PIECES_OF_TEXT, selector)


def expect_visible(element: Locator) -> None:
    """Scroll to the element and check that it has a size and that nothing covers its middle."""
    expect(element).to_be_visible()
    element.scroll_into_view_if_needed()
    assert element.evaluate(IS_ON_TOP), f"{element} is covered"


def expect_in_window(element: Locator) -> None:
    """Check, without scrolling, that the element is in the window and nothing covers its middle."""
    expect(element).to_be_in_viewport(ratio=0.99)
    assert element.evaluate(IS_ON_TOP), f"{element} is covered"
