"""An organizer decides in the queue: about one guest, the next ones, or many at once."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.visibility import expect_in_window, expect_visible
from tests.support.factories import fill, make_event, make_people, make_person, make_reservation

pytestmark = pytest.mark.once(on="postgresql")


@pytest.fixture
def event(site):
    event = make_event(seats_limit=30)
    fill(event, make_people(40))
    return event


@pytest.fixture
def queue_page(open_queue, event):
    return open_queue(event, event.organizer, rows=40)


def statuses(event):
    return list(event.reservations.in_queue_order().values_list("status", flat=True))


def test_bulk_approval_scrolls_to_the_top_with_no_button_under_the_pointer(queue_page, event):
    page = queue_page
    page.locator("#queue tbody tr").nth(30).scroll_into_view_if_needed()
    for number in range(30):
        page.locator("#queue [name=r]").nth(number).evaluate("box => box.click()")
    approve = page.locator(".bulk").get_by_role("button", name="Approve")
    box = approve.bounding_box()
    pointer = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    approve.click()
    expect(page.locator(".toast")).to_contain_text("30 confirmed.")
    expect(page.locator("#queue tbody tr")).to_have_count(10)
    assert page.evaluate("document.activeElement.tagName") == "TABLE"
    expect_in_window(page.locator("#queue thead"))
    pointed_at = (
        "({ x, y }) => Boolean(document.elementFromPoint(x, y)?.closest('tbody :is(button, a)'))"
    )
    assert not page.evaluate(pointed_at, pointer)
    page.mouse.move(pointer["x"] - 5, pointer["y"])
    expect(page.locator("#queue table[data-still]")).to_have_count(0)
    assert statuses(event) == ["confirmed"] * 30 + ["pending"] * 10


def test_next_guests_are_approved_by_number_and_undone(queue_page, event):
    page = queue_page
    expect(page.locator("#approve-number")).to_have_value("30")
    page.locator("#approve-number").fill("12")
    expect_visible(page.locator("#approve-next output", has_text="18 spots would be left"))
    page.locator("#approve-next").get_by_role("button", name="Approve").click()
    expect(page.locator(".toast")).to_contain_text("12 confirmed.")
    expect(page.locator("#approve-number")).to_have_value("18")
    assert statuses(event) == ["confirmed"] * 12 + ["pending"] * 28


def test_guest_is_rejected_in_a_dialog_with_a_message(queue_page, event):
    page, first = queue_page, event.reservations.in_queue_order()[0]
    page.locator(f"#reject-{first.pk}").click()
    dialog = page.locator("#reject-one-dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Reject Guest 0?")
    expect(dialog.get_by_role("button", name="Go back")).to_be_focused()
    dialog.get_by_role("button", name="Go back").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#reject-{first.pk}")).to_be_focused()
    page.locator(f"#reject-{first.pk}").click()
    dialog.get_by_label("Message").fill("Next time.")
    dialog.get_by_role("button", name="Reject and notify").click()
    expect(page.locator(".toast")).to_contain_text("Guest 0 is rejected.")
    expect(page.locator(f"#reservation-{first.pk}")).to_contain_text("Rejected")
    first.refresh_from_db()
    assert (first.status, first.message) == ("rejected", "Next time.")


@pytest.mark.parametrize(
    "window", [PHONE, {"viewport": {"width": 1280, "height": 900}}], ids=["phone", "desktop"]
)
def test_address_breaks_at_no_hyphen_and_nothing_scrolls_sideways(
    open_window, log_in, event, window
):
    address = "guest.with.a.name@the-department-of-physics.example.org"
    make_reservation(event, make_person("Zofia Dąbrowska", email=address))
    page = open_window(**window)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/queue/?q=Zofia")
    part = page.locator("tbody small span", has_text="@the-department-of-physics")
    expect(part).to_be_visible()
    assert part.evaluate("span => span.getClientRects().length") == 1
    assert page.locator("tbody small").inner_text() == address
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ticked_table_keeps_its_round_corners(queue_page):
    page = queue_page
    page.locator("#pick-all").check()
    box = page.locator(".table-box").bounding_box()
    picture = Image.open(
        BytesIO(page.screenshot(clip={"x": box["x"], "y": box["y"], "width": 60, "height": 40}))
    ).convert("RGB")
    corner, head = picture.getpixel((1, 1)), picture.getpixel((55, 20))
    around = (
        Image.open(
            BytesIO(
                page.screenshot(clip={"x": box["x"] - 6, "y": box["y"], "width": 4, "height": 4})
            )
        )
        .convert("RGB")
        .getpixel((1, 1))
    )
    assert corner == around != head


@pytest.fixture
def plain_page(open_window, log_in, event):
    page = open_window(java_script_enabled=False)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/queue/")
    return page


def test_rejecting_without_a_script_asks_on_a_page(plain_page, event):
    page, ids = plain_page, [one.pk for one in event.reservations.in_queue_order()[:3]]
    page.locator(f"#reject-{ids[0]}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reject Guest 0?")
    page.get_by_label("Message").fill("Next time.")
    page.get_by_role("button", name="Reject and notify").click()
    expect(page.locator(".toast")).to_contain_text("Guest 0 is rejected.")
    for pk in ids[1:]:
        page.locator(f"#pick-{pk}").check()
    page.locator(".bulk").get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reject 2 reservations?")
    page.get_by_role("button", name="Reject and notify").click()
    expect(page.locator(".toast")).to_contain_text("2 rejected.")
    assert statuses(event) == ["rejected"] * 3 + ["pending"] * 37
