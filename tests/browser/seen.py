"""What a person sees of a page: not what stands in its source, but what the browser paints where."""

from playwright.sync_api import Locator, expect

# Scrolls it into view as a person would, then asks what is on top at the middle of each of its lines.
ON_TOP = """element => {
  const boxes = [...element.getClientRects()].filter(box => box.width && box.height);
  return boxes.length > 0 && boxes.every(box => {
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return top !== null && (element.contains(top) || top.contains(element));
  });
}"""


def expect_seen(element: Locator) -> None:
    """The element is on the page, has a size, and nothing covers its middle. It is scrolled to first."""
    expect(element).to_be_visible()
    element.scroll_into_view_if_needed()
    assert element.evaluate(ON_TOP), f"{element} is covered"


def expect_on_screen(element: Locator) -> None:
    """The same without scrolling: it is within the window as it is now."""
    expect(element).to_be_in_viewport(ratio=0.99)
    assert element.evaluate(ON_TOP), f"{element} is covered"
