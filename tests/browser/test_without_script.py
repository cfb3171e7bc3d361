"""Pages without JavaScript promise nothing that needs it, and each decision can be undone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, answers
from tests.browser.visibility import expect_in_window, expect_visible, visible_text
from tests.support import processes
from tests.support.factories import make_event, make_people, make_reservation
from tests.support.smtp_server import free_port

pytestmark = pytest.mark.once


@pytest.fixture
def plain(open_window):
    return open_window(**PHONE, java_script_enabled=False)


def test_ready_page_without_a_script_runs_no_self_test(plain, log_in):
    event = make_event()
    log_in(plain, event.organizer)
    plain.goto(f"/organizer/events/{event.pk}/check-in/ready/")
    said = visible_text(plain, "main")
    assert "Without JavaScript there is nothing to try" in said
    assert "Trying" not in said
    assert "This phone tries" not in said
    plain.goto(f"/organizer/events/{event.pk}/check-in/")
    expect(plain.locator("[data-sound]")).to_be_hidden()


def test_bulk_question_leads_back_to_the_ticks(plain, log_in):
    event = make_event()
    guests = [make_reservation(event, person) for person in make_people(3)]
    log_in(plain, event.organizer)
    plain.goto(reverse("tickets:queue", args=[event.pk]))
    boxes = [plain.locator(f"#pick-{guest.pk}") for guest in guests]
    for box in boxes[1:]:
        box.check()
    plain.get_by_role("region", name="Selected reservations").get_by_role(
        "button", name="Reject"
    ).click()
    expect(plain.get_by_role("heading", name="Reject 2 reservations?")).to_be_visible()
    plain.get_by_role("link", name="Go back").click()
    assert [box.is_checked() for box in boxes] == [False, True, True]
    expect_visible(boxes[1])


def status_of(guests):
    return [type(guest).objects.get(pk=guest.pk).status for guest in guests]


@pytest.fixture
def patient_site(site):
    """The address of a second web process, which delays the mails about decisions."""
    port = free_port()
    env = {"PORT": port, "RATE_LIMITS": "off", "DEBUG": False, "MAIL_DECISION_DELAY_SECONDS": 600}
    with processes.running(processes.command("serve"), **env, **site.mailbox.env):
        url = f"http://localhost:{port}"
        processes.wait_until(lambda: answers(f"{url}/health/"), seconds=60)
        yield url


def test_bulk_decision_is_undone_from_its_toast(plain, log_in, patient_site):
    event = make_event()
    guests = [make_reservation(event, person) for person in make_people(3)]
    log_in(plain, event.organizer)
    plain.goto(patient_site + reverse("tickets:queue", args=[event.pk]))
    plain.get_by_label("Approve the next").fill("2")
    plain.locator("#approve-next").get_by_role("button", name="Approve").click()
    undo = plain.locator(".toast").get_by_role("button", name="Undo")
    expect_in_window(undo)
    assert status_of(guests) == ["confirmed", "confirmed", "pending"]
    undo.click()
    expect_in_window(plain.locator(".toast", has_text="2 are waiting again, at their old places."))
    assert status_of(guests) == ["pending"] * 3
