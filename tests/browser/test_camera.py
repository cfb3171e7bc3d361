"""The door's camera, in a real browser whose camera plays real QR codes."""

import shutil
import time

import pytest
import qrcode
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, STAYS_HOME
from tests.factories import make_event, make_reservation
from tickets import signature

pytestmark = pytest.mark.once
WIDTH, HEIGHT, FRAMES_A_SECOND = 640, 480, 10
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required"]


def film(path, texts, *, seconds=1.2, blank=0.3):
    """What the camera sees: one code after the other, with nothing in between (YUV4MPEG2, grey)."""
    grey = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for text in texts:
            for picture, lasts in ((shown(text), seconds), (Image.new("L", (WIDTH, HEIGHT), 200), blank)):
                for _ in range(int(lasts * FRAMES_A_SECOND)):
                    file.write(b"FRAME\n" + picture.tobytes() + grey)


def shown(text):
    """A phone that is held up to the camera."""
    code = qrcode.make(text, border=4).get_image().convert("L").resize((380, 380))
    picture = Image.new("L", (WIDTH, HEIGHT), 90)
    picture.paste(code, ((WIDTH - 380) // 2, (HEIGHT - 380) // 2))
    return picture


@pytest.fixture
def door(site, chromium, complaints, log_in, tmp_path):
    """Opens the check-in page on a phone whose camera sees these texts, again and again."""
    opened = []

    def at(event, texts):
        film(tmp_path / "camera.y4m", texts)
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        arguments = ["--no-sandbox", *STAYS_HOME, *CAMERA, f"--use-file-for-fake-video-capture={tmp_path / 'camera.y4m'}"]
        browser = chromium.browser_type.launch(executable_path=path, args=arguments)
        opened.append(browser)
        context = browser.new_context(base_url=site.url, **PHONE, permissions=["camera"], locale="en-GB")
        page = context.new_page()
        complaints.listen_to(page)
        log_in(page, event.organizer)
        page.goto(f"/organizer/events/{event.pk}/check-in/")
        return page

    yield at
    for browser in opened:
        browser.close()


def test_codes_in_view_are_let_in_one_after_another(door):
    event = make_event()
    tickets = [make_reservation(event, status="confirmed").tickets.get() for _ in range(4)]
    page = door(event, [signature.sign(ticket) for ticket in tickets])
    expect(page.locator(".door__camera")).to_be_visible()
    until = time.monotonic() + 25
    while event.tickets.filter(checked_in_at=None).exists():
        assert time.monotonic() < until, f"{event.tickets.exclude(checked_in_at=None).count()} of {len(tickets)}"
        page.wait_for_timeout(200)
    event.refresh_from_db()
    assert event.checked_in_count == 4
    assert event.scans.filter(outcome="admitted").count() == 4


def test_what_is_not_a_ticket_of_this_event_is_told_and_the_camera_goes_on(door, complaints):
    complaints.expected.append("the server responded with a status of 409")
    event = make_event()
    other = make_reservation(status="confirmed").tickets.get()
    page = door(event, [signature.sign(other)])
    expect(page.locator(".result")).to_have_attribute("data-result", "invalid")
    expect(page.locator(".result")).to_contain_text("This ticket is for another event.")
    expect(page.locator(".result")).to_have_count(0, timeout=8000)
    other.refresh_from_db()
    assert not other.is_used


def test_a_guest_who_was_let_in_is_taken_back_within_reach(door):
    event = make_event()
    ticket = make_reservation(event, status="confirmed").tickets.get()
    page = door(event, [signature.sign(ticket)])
    expect(page.locator(".result")).to_have_attribute("data-result", "ok")
    page.locator("#last-scan").get_by_role("button", name="Undo").click()
    expect(page.locator(".result")).to_contain_text("Taken back")
    ticket.refresh_from_db()
    assert not ticket.is_used


def test_without_a_camera_it_says_so_and_the_code_can_be_typed(visitor, log_in):
    event = make_event()
    page = visitor(**PHONE)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/check-in/")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#camera-says")).not_to_be_empty()
    expect(page.locator("#code")).to_be_visible()
