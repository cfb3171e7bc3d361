"""Events, reservations, tickets and keys in Django's admin: read only, without secrets."""

import base64

import pytest
from django.forms import model_to_dict
from django.urls import reverse

from tests.support.factories import make_admin, make_event, make_person, make_reservation
from tickets.models import SigningKey
from tickets.ticket import signature

pytestmark = pytest.mark.django_db
MODELS = [
    "events_event",
    "events_doorstaff",
    "tickets_reservation",
    "tickets_ticket",
    "tickets_signingkey",
]


@pytest.fixture
def rows():
    """One row of each, by its admin's name."""
    reservation = make_reservation(status="confirmed")
    event, ticket = reservation.event, reservation.tickets.get()
    signature.sign(ticket)
    staff = event.doorstaff_set.create(person=make_person("Kuba Drzwi"))
    return dict(
        zip(MODELS, (event, staff, reservation, ticket, SigningKey.objects.get()), strict=True)
    )


def pages(client, rows):
    for name, row in rows.items():
        for address in (
            reverse(f"admin:{name}_changelist"),
            reverse(f"admin:{name}_change", args=[row.pk]),
        ):
            yield address, client.get(address)


def test_ticket_admin_shows_every_row_and_no_secret(client, rows):
    client.force_login(make_admin())
    ticket, key = rows["tickets_ticket"], rows["tickets_signingkey"]
    private = bytes(key.private)
    secrets = [
        ticket.serial,
        signature.sign(ticket),
        private.hex(),
        base64.b64encode(private).decode(),
        str(private),
    ]
    for address, page in pages(client, rows):
        assert page.status_code == 200, address
        assert not [secret for secret in secrets if secret in page.text], address
    assert ticket.code in client.get(reverse("admin:tickets_ticket_changelist")).text


def test_ticket_admin_changes_nothing(client, rows):
    client.force_login(make_admin())
    for name, row in rows.items():
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
        assert (
            client.post(
                reverse(f"admin:{name}_change", args=[row.pk]), {"status": "cancelled"}
            ).status_code
            == 403
        )
        assert (
            client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code
            == 403
        )
        client.post(
            reverse(f"admin:{name}_changelist"),
            {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
        )
        assert model_to_dict(type(row).objects.get(pk=row.pk)) == model_to_dict(row)


@pytest.mark.parametrize("who", ["organizer", "guest", "visitor"])
def test_ticket_admin_is_for_admins_only(client, rows, who):
    people = {
        "organizer": rows["events_event"].organizer,
        "guest": rows["tickets_reservation"].person,
    }
    if who in people:
        client.force_login(people[who])
    for address, page in pages(client, rows):
        assert page.status_code in {302, 403}, address


def test_ticket_admin_lists_need_the_same_number_of_queries(
    client, rows, django_assert_max_num_queries
):
    client.force_login(make_admin())
    addresses = [
        reverse(f"admin:{name}_changelist")
        for name in ("tickets_reservation", "tickets_ticket", "events_event")
    ]
    client.get(addresses[0])
    before = []
    for address in addresses:
        with django_assert_max_num_queries(12) as asked:
            client.get(address)
        before.append(len(asked))
    for _ in range(5):
        make_reservation(make_event(), make_person(), status="confirmed")
    for address, most in zip(addresses, before, strict=True):
        with django_assert_max_num_queries(most):
            client.get(address)
