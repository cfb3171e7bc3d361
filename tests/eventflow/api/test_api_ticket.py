"""The ticket over the API, as its owner gets it, and what the answers cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.eventflow.api.clients import Api, refused
from tests.eventflow.api.door_data import code_of, staff_of
from tests.support import pdf_tools, qr_codes
from tests.support.factories import make_admin, make_event, make_person, make_reservation
from tickets.models import Ticket
from tickets.queue import decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest():
    """A confirmed reservation of Maja's."""
    return make_reservation(
        person=make_person("Maja Wiśniewska", email="maja@example.org"), status="confirmed"
    )


# --- the ticket -----------------------------------------------------------------------------------


@pytest.mark.process("a scanner's program reads the code")
@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "application/pdf", "application/json", "image/png;q=0.5, application/pdf"],
)
def test_ticket_is_a_pdf_whose_code_opens_the_door(guest, accept, tmp_path):
    answer = Api(guest.person).get(
        f"/reservations/{guest.pk}/ticket/", headers={} if accept is None else {"Accept": accept}
    )
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "Maja Wiśniewska" in pdf_tools.text_of(answer.content)
    assert pdf_tools.codes_of(answer.content, tmp_path) == [code_of(guest)]


@pytest.mark.process("a scanner's program reads the code")
def test_ticket_as_a_picture_is_the_code_alone(guest, tmp_path):
    answer = Api(guest.person).get(
        f"/reservations/{guest.pk}/ticket/", headers={"Accept": "image/png"}
    )
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    (tmp_path / "code.png").write_bytes(answer.content)
    assert qr_codes.read_image(tmp_path / "code.png") == code_of(guest)


def test_ticket_is_its_owners_alone(guest):
    page = f"/reservations/{guest.pk}/ticket/"
    for stranger in (make_person(), guest.event.organizer, make_admin()):
        answer = Api(stranger).get(page, headers={"Accept": "application/pdf"})
        assert refused(answer) == (404, "not_found")
    assert refused(Api().get(page)) == (401, "not_authenticated")
    assert refused(Api(guest.person).get(f"/reservations/{10**30}/ticket/")) == (404, "not_found")


@pytest.mark.parametrize("status", ["pending", "rejected", "cancelled"])
def test_ticket_exists_from_confirmation_only(status):
    reservation = make_reservation(status=status)
    assert refused(Api(reservation.person).get(f"/reservations/{reservation.pk}/ticket/")) == (
        404,
        "not_found",
    )


def test_ticket_is_gone_with_the_seat(guest):
    decisions.reject(guest, by=guest.event.organizer)
    assert Ticket.objects.filter(reservation=guest).exists()
    assert refused(Api(guest.person).get(f"/reservations/{guest.pk}/ticket/")) == (404, "not_found")


# --- what it costs --------------------------------------------------------------------------------


def test_check_in_reservation_and_cancellation_take_few_statements():
    """BEGIN and COMMIT included. One statement of each reads the person and session of the token.

    A code costs two more here, for the key that proves it, which a process otherwise reads once.
    """
    event = make_event()
    organizer, staff = Api(event.organizer), Api(staff_of(event))
    guest, leaver = (make_person() for _ in range(2))
    maja, other = Api(guest), Api(leaver)

    def cost(deed, *args, **kwargs):
        with CaptureQueriesContext(connection) as statements:
            answer = deed(*args, **kwargs)
        assert answer.status_code < 300, answer.content
        return len(statements), answer

    register, taken = cost(maja.post, f"/events/{event.pk}/register/")
    pk = taken.json()["data"]["reservation_id"]
    decide, _ = cost(organizer.patch, f"/reservations/{pk}/status/", {"status": "confirmed"})
    inspect, _ = cost(staff.get, f"/reservations/{pk}/inspect/")
    mine, _ = cost(maja.get, f"/events/{event.pk}/my-reservation/")
    check_in, _ = cost(staff.post, f"/reservations/{pk}/check-in/")
    again, _ = cost(staff.post, f"/reservations/{pk}/check-in/")
    code = code_of(make_reservation(event, status="confirmed"))
    by_code, _ = cost(staff.post, f"/reservations/{code}/check-in/")
    left = other.post(f"/events/{event.pk}/register/").json()["data"]["reservation_id"]
    cancel, _ = cost(other.delete, f"/reservations/{left}/")
    first_come, _ = cost(maja.post, f"/events/{make_event(admission='automatic').pk}/register/")
    # Two of a reservation write the organizer's mail, two the guest's and its task.
    assert (register, first_come, mine, decide, cancel) == (12, 13, 3, 12, 11)
    assert (inspect, check_in, again, by_code) == (
        2,
        9,
        2,
        12,
    )  # one of a check-in's says when the reservation changed
