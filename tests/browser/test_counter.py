"""The counter of a long text agrees with the form on the server, and is read out near the end."""

import pytest
from playwright.sync_api import expect

from tests.support.factories import make_event
from tickets.forms import NoteForm

pytestmark = pytest.mark.once
# A line break is two characters to a form, an emoji one, a letter and its mark one.
TEXT = "One line\nand ż, z\u0307, 🎟 \n"


def test_counter_counts_as_the_form_does(page, log_in):
    event = make_event(description="")
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/messages/")
    body, counter = page.get_by_label("Message", exact=True), page.locator("[data-counts=id_body]")
    expect(counter).to_have_text("Characters left: 5,000")
    whole = NoteForm({"note": TEXT.replace("\n", "\r\n")})
    assert whole.is_valid()
    left = 5000 - len(whole.cleaned_data["note"])
    body.fill(TEXT)
    expect(counter.locator("[aria-hidden]")).to_have_text(f"Characters left: {left:,}")


def test_counter_is_read_out_when_little_is_left_and_cuts_nothing(page, log_in):
    event = make_event()
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/messages/")
    body, counter = page.get_by_label("Message", exact=True), page.locator("[data-counts=id_body]")
    spoken = counter.get_by_role("status")
    body.fill("a" * 100)
    page.wait_for_timeout(1500)
    expect(spoken).to_have_text("")
    body.fill("a" * 5003)
    expect(spoken).to_have_text("Characters too many: 3")
    expect(body).to_have_value("a" * 5003)


def test_counter_is_hidden_without_a_script(open_window, log_in):
    event = make_event()
    page = open_window(java_script_enabled=False)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/messages/")
    expect(page.locator("[data-counts=id_body]")).to_be_hidden()
