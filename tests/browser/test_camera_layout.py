"""What a person sees around the camera of the check-in page, by rectangles and pixels."""

from io import BytesIO
from itertools import batched, product

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.camera import HEIGHT, WIDTH, camera_pages
from tests.browser.conftest import until
from tests.support.check_in import check_in
from tests.support.factories import make_event, make_reservation
from tickets.ticket import signature

pytestmark = pytest.mark.once(on="postgresql")


@pytest.fixture
def door(site, playwright, page_errors, log_in, tmp_path):
    with camera_pages(site, playwright, page_errors, log_in, tmp_path) as opened:
        yield opened


SIZES = {
    "phone": (390, 844),
    "small": (360, 640),
    "phone turned": (844, 390),
    "small turned": (640, 360),
    "desktop": (1280, 900),
}
SEEN = (205, 60, 160)
# The rectangles of the picture, and of what can be pressed with whatever lies over its middle.
LAYOUT = """() => {
  const box = (element) => {
    const {x, y, width, height} = element.getBoundingClientRect();
    return {x, y, width, height};
  };
  const video = document.querySelector("video"), {x, y, width, height} = box(video);
  const middle = document.elementFromPoint(x + width / 2, y + height / 2);
  const covered = [];
  const controls = "main :is(a, button, input:not([type=hidden]))";
  for (const control of document.querySelectorAll(controls)) {
    const isBehindResult = document.querySelector("#result > *") && !control.closest("#result");
    if (!control.checkVisibility() || isBehindResult) continue;
    control.scrollIntoView({block: "nearest"});
    const {x, y, width, height} = box(control);
    const found = document.elementFromPoint(x + width / 2, y + height / 2);
    const name = control.ariaLabel || control.textContent.trim() || control.id;
    if (height < 24 || !found || !control.contains(found)) {
      covered.push(`${name}: ${found?.outerHTML.slice(0, 60)}`);
    }
  }
  scrollTo(0, 0);
  const wide = document.documentElement.scrollWidth > innerWidth;
  const isCamera = Boolean(middle?.closest(".check-in__camera"));
  return {video: {x, y, width, height}, middle: isCamera, covered, wide};
}"""


def seen_on(page, rectangle):
    """The part of the rectangle that shows the camera's picture, and whether its middle does."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    left, top = int(rectangle["x"]), int(rectangle["y"])
    part = picture.crop((left, top, left + int(rectangle["width"]), top + int(rectangle["height"])))
    colors = batched(part.resize((60, 60)).tobytes(), 3, strict=True)
    matches = [
        all(abs(one - wanted) < 40 for one, wanted in zip(color, SEEN, strict=True))
        for color in colors
    ]
    return sum(matches) / len(matches), matches[60 * 30 + 30]


def camera_on(door, event):
    page = door(event, [Image.new("RGB", (WIDTH, HEIGHT), SEEN)], blank=0)
    expect(page.locator(".check-in__camera")).to_be_visible()
    until(
        page,
        """document.querySelector("video").readyState > 2
          && document.querySelector("video").currentTime > 0.2""",
    )
    return page


def test_camera_fills_the_phone_and_is_not_covered(door, page_errors):
    page_errors.expected += [
        "ERR_INTERNET_DISCONNECTED",
        "[object Event]",
        "Failed to load resource",
        "WebSocket connection",
    ]
    page = camera_on(door, make_event())
    for offline, (number, (name, (width, height))) in product(
        (False, True), enumerate(SIZES.items())
    ):
        # Every size in both schemes: in one with a connection, in the other without.
        scheme = ("light", "dark")[(number + offline) % 2]
        page.context.set_offline(offline)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        layout = page.evaluate(LAYOUT)
        share, middle = seen_on(page, layout["video"])
        found = layout["middle"], layout["covered"], layout["wide"]
        assert found == (True, [], False), (name, scheme, layout)
        assert middle and share > 0.7, (name, scheme, share)
        door_wide = min(width, 544) if height > 600 else width
        screen = layout["video"]["width"] * layout["video"]["height"] / (door_wide * height)
        assert screen > 0.5, (name, "most of the phone is the picture", screen)
    expect(page.locator("#check-in-status")).to_contain_text("Offline")


def test_code_sheet_covers_the_picture_and_keeps_results_in_reach(door, page_errors):
    page_errors.expected.append("the server responded with a status of 409")
    event = make_event()
    used = make_reservation(event, status="confirmed").tickets.get()
    check_in(used.reservation, by=event.organizer)
    page = camera_on(door, event)
    for code, result in ((used.code, "already_used"), ("nonsense", "refused")):
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            expect(page.locator("#code")).to_be_hidden()
            page.get_by_role("link", name="Type a code").click()
            expect(page.locator("#code")).to_be_focused()
            layout = page.evaluate(LAYOUT)
            assert (layout["covered"], layout["wide"]) == ([], False), ((width, height), layout)
            page.locator("#code").fill(code)
            page.get_by_role("button", name="Find ticket").click()
            expect(page.locator("#result .result")).to_have_attribute("data-result", result)
            page.wait_for_timeout(300)
            layout = page.evaluate(LAYOUT)
            assert (layout["covered"], layout["wide"]) == ([], False), (
                result,
                (width, height),
                layout,
            )
            page.get_by_role("link", name="Next").click()
            expect(page.locator("#result .result")).to_have_count(0)
            assert page.evaluate(LAYOUT)["middle"]


def test_code_sheet_closes_and_uncovers_the_picture(door):
    page = camera_on(door, make_event())
    page.get_by_role("link", name="Type a code").click()
    page.get_by_role("button", name="Back to the camera").click()
    expect(page.locator("#code")).to_be_hidden()
    layout = page.evaluate(LAYOUT)
    share, middle = seen_on(page, layout["video"])
    assert middle and share > 0.7


def test_self_test_says_that_only_sound_needs_a_press(door):
    event = make_event()
    page = door(event, [signature.sign(make_reservation(event, status="confirmed").tickets.get())])
    page.goto(f"/organizer/events/{event.pk}/check-in/ready/")
    expect(page.locator("#readiness")).to_have_text(
        "Press Play to try the sound. All else works.", timeout=30_000
    )
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#readiness")).to_have_text("This phone is ready.")
