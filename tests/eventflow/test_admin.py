"""Django's admin as the operator uses it: stuck mails, people, and rows to read only."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.models import User
from eventflow.core import audit
from eventflow.jobs.models import Worker
from eventflow.mail.models import Mail
from tests.support.factories import PASSWORD, make_admin, make_organizer, make_person
from tests.support.markup import only, words

pytestmark = pytest.mark.django_db
MAILS = "/admin/eventflow/mail/"


@pytest.fixture
def admin(client):
    person = make_admin()
    client.force_login(person)
    return person


def make_mail(state="stuck", **fields):
    values = {
        "to": "maja@example.org",
        "language": "en",
        "attempts": 3,
        "last_error": "550 recipient refused",
        **fields,
    }
    return Mail.objects.create(
        state=state, builder="tests.note", args={"subject": "a-secret-link"}, **values
    )


def send_again(client, *mails):
    return client.post(
        MAILS,
        {"action": "send_again", "_selected_action": [mail.pk for mail in mails]},
        follow=True,
    )


def test_operator_sees_which_mails_are_stuck_and_why_but_no_secret(client, admin):
    stuck, _ = make_mail(), make_mail("sent", to="sent@example.org")
    page = client.get(MAILS, {"state__exact": "stuck"}).text
    assert "maja@example.org" in page
    assert "550 recipient refused" in page
    assert "sent@example.org" not in page
    assert "a-secret-link" not in page + client.get(f"{MAILS}{stuck.pk}/change/").text


def test_first_page_of_the_admin_says_how_many_mails_are_stuck(client, admin):
    make_mail("sent")
    assert "stuck" not in client.get("/admin/").text
    make_mail()
    make_mail()
    link = only(client.get("/admin/"), "//p[@class='errornote']/a")
    assert words(link) == "2 mails are stuck: see why."
    assert client.get(link.get("href")).text.count("550 recipient refused") == 2


def test_send_again_revives_the_stuck_and_only_them(client, admin):
    stuck, sent, waiting = make_mail(), make_mail("sent"), make_mail("queued")
    page = send_again(client, stuck, sent, waiting)
    assert "1 mail is on its way again." in page.text
    assert "2 were not stuck." in page.text
    assert [Mail.objects.get(pk=mail.pk).state for mail in (stuck, sent, waiting)] == [
        "queued",
        "sent",
        "queued",
    ]


def test_send_again_twice_sends_once(client, admin):
    stuck = make_mail()
    send_again(client, stuck)
    assert "0 mails are on their way again." in send_again(client, stuck).text


@pytest.mark.parametrize("path", ["eventflow/mail", "eventflow/auditentry", "eventflow/worker"])
def test_rows_that_the_system_writes_are_read_only_in_the_admin(client, admin, path):
    audit.record("role.grant", admin, by=admin)
    Worker.objects.create(id="w1", seen_at=timezone.now())
    pk = {
        "eventflow/mail": make_mail().pk,
        "eventflow/auditentry": audit.AuditEntry.objects.get().pk,
        "eventflow/worker": "w1",
    }[path]
    assert client.get(f"/admin/{path}/").status_code == 200
    assert client.get(f"/admin/{path}/{pk}/change/").status_code == 200
    for deed in ("add/", f"{pk}/delete/"):
        assert client.post(f"/admin/{path}/{deed}", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/{path}/{pk}/change/", {"state": "sent"}).status_code == 403


@pytest.mark.parametrize("make", [make_organizer, make_person])
def test_admin_is_for_admins_only(make):
    client = Client()
    stuck = make_mail()
    client.force_login(make())
    assert client.get("/admin/").status_code == 302
    assert client.get(client.get("/admin/")["Location"]).status_code == 403
    send_again(client, stuck)
    assert Mail.objects.get().state == "stuck"


def test_visitors_of_the_admin_log_in_with_us(client):
    """One way in, with one set of limits: the admin's own form does not exist."""
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    make_admin(email="root@example.org")
    client.post("/admin/login/", {"username": "root@example.org", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_admin_adds_a_person_who_can_log_in_at_once(client, admin):
    person = {
        "email": "New@Example.org",
        "first_name": "New",
        "last_name": "Person",
        "language": "pl",
        "password": PASSWORD,
    }
    assert (
        "too short" in client.post("/admin/accounts/user/add/", person | {"password": "short"}).text
    )
    assert client.post("/admin/accounts/user/add/", person).status_code == 302
    added = User.objects.get(email="new@example.org")
    assert (added.role, added.language, added.is_active) == ("user", "pl", True)
    assert (
        Client().post("/accounts/login/", {"login": "new@example.org", "password": PASSWORD})[
            "Location"
        ]
        == "/"
    )
    assert audit.AuditEntry.objects.filter(action="account.add").count() == 1
    assert "already an account" in client.post("/admin/accounts/user/add/", person).text


def test_admin_blocks_and_unblocks_a_person_but_grants_no_role(client, admin):
    person = make_person()
    path, values = (
        f"/admin/accounts/user/{person.pk}/change/",
        {
            "first_name": "M",
            "last_name": "W",
            "language": "en",
            "role": "admin",
            "email": "x@example.org",
        },
    )
    client.post(path, values)
    blocked = User.objects.get(pk=person.pk)
    assert (blocked.is_active, blocked.first_name, blocked.role, blocked.email) == (
        False,
        "M",
        "user",
        person.email,
    )
    client.post(path, values | {"is_active": "on"})
    assert User.objects.get(pk=person.pk).is_active
    assert [*audit.AuditEntry.objects.order_by("pk").values_list("action", flat=True)] == [
        "account.block",
        "account.unblock",
    ]


def test_last_admin_cannot_be_blocked_in_the_admin(client, admin):
    page = client.post(
        f"/admin/accounts/user/{admin.pk}/change/",
        {"first_name": "A", "last_name": "N", "language": "en"},
        follow=True,
    )
    assert "This is the only Admin." in page.text
    assert User.objects.get(pk=admin.pk).is_active


def test_people_are_not_deleted_in_the_admin(client, admin):
    person = make_person()
    assert (
        client.post(f"/admin/accounts/user/{person.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert User.objects.filter(pk=person.pk).exists()


def test_admin_activates_a_person_whom_no_mail_reaches(client, admin):
    waiting, active = make_person(activated=False), make_person()
    page = client.post(
        "/admin/accounts/user/",
        {"action": "activate", "_selected_action": [waiting.pk, active.pk]},
        follow=True,
    )
    assert "1 person activated." in page.text
    assert EmailAddress.objects.get(user=waiting).verified
