"""Roles: who grants which, and that one Admin always remains."""

import json
import threading
from functools import partial

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from accounts import people, roles
from accounts.models import User
from accounts.permissions import administered_people
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from tests.support.factories import PASSWORD, make_admin, make_organizer, make_people, make_person
from tests.support.mailbox import letters_to
from tests.support.markup import only, tree, words
from tests.support.threads import run_together

pytestmark = pytest.mark.django_db
ROLES = "/administration/roles/"


def role_of(person):
    return User.objects.get(pk=person.pk).role


def post_role(client, person, role, **headers):
    form = {"role": role, "confirmed": "1"}
    return client.post(reverse("accounts:grant_role", args=[person.pk]), form, headers=headers)


def audited_grants():
    return [
        (entry.action, entry.by_id, entry.target_id, entry.facts)
        for entry in AuditEntry.objects.order_by("pk")
    ]


def test_role_granted_by_an_admin_is_audited(client):
    admin, person = make_admin(), make_person()
    client.force_login(admin)
    assert post_role(client, person, "organizer").url == f"{ROLES}?"
    assert role_of(person) == "organizer"
    assert audited_grants() == [
        ("role.grant", admin.pk, person.pk, {"before": "user", "after": "organizer"})
    ]


def test_same_role_again_is_not_audited(client):
    client.force_login(make_admin())
    post_role(client, make_organizer(), "organizer")
    assert audited_grants() == []


# A person who is logged out and sent a form stays on its page, with a link to the log-in.
@pytest.mark.parametrize(
    ("make", "status", "sent"),
    [(make_organizer, 403, 403), (make_person, 403, 403), (None, 302, 401)],
)
def test_roles_are_seen_and_granted_by_admins_only(client, make, status, sent):
    admin, target = make_admin(), make_person()
    if make:
        client.force_login(make())
    assert client.get(ROLES).status_code == status
    assert post_role(client, target, "admin").status_code == sent
    assert post_role(client, admin, "user").status_code == sent
    assert (role_of(target), role_of(admin), audited_grants()) == ("user", "admin", [])


def test_person_cannot_make_themselves_an_admin(client):
    person = make_organizer()
    client.force_login(person)
    post_role(client, person, "admin")
    assert role_of(person) == "organizer"


def test_administered_people_is_empty_for_others():
    admin = make_admin()
    others = [make_organizer(), make_person(), make_admin(is_active=False)]
    assert administered_people(admin).count() == 4
    assert [administered_people(person).count() for person in others] == [0, 0, 0]
    assert administered_people(AnonymousUser()).count() == 0


def test_unknown_role_or_person_changes_nothing(client):
    client.force_login(make_admin())
    person = make_person()
    assert post_role(client, person, "emperor").status_code == 409
    assert client.post(f"{ROLES}987654/", {"role": "admin"}).status_code == 404
    assert client.get(reverse("accounts:grant_role", args=[person.pk])).status_code == 405
    assert role_of(person) == "user"


def test_last_admin_keeps_the_role(client):
    admin = make_admin()
    make_admin(is_active=False)
    client.force_login(admin)
    response = post_role(client, admin, "user")
    assert (response.status_code, response.context["refusal"].code, role_of(admin)) == (
        409,
        "last_admin",
        "admin",
    )
    assert "This is the only Admin." in response.text
    assert audited_grants() == []


def test_admin_may_give_up_the_role_when_another_remains(client):
    admin, _ = make_admin(), make_admin()
    client.force_login(admin)
    assert post_role(client, admin, "user", **{"HX-Request": "true"})["HX-Redirect"] == "/"
    assert client.get(ROLES).status_code == 403


def test_last_admin_cannot_be_blocked():
    admin = make_admin()
    with pytest.raises(Refused) as caught:
        people.block_person(admin, by=admin)
    assert caught.value.code == "last_admin"
    assert User.objects.get(pk=admin.pk).is_active


def test_htmx_gets_the_row_the_numbers_and_a_toast(client):
    client.force_login(make_admin())
    person = make_person()
    answer = post_role(client, person, "organizer", **{"HX-Request": "true"})
    page = answer.text
    assert page.lstrip().startswith(f'<tr role="row" id="person-{person.pk}"')
    assert only(answer, "//option[@selected]").get("value") == "organizer"
    assert page.count('hx-swap-oob="true"') == 1
    assert "Maja Wiśniewska: Organizer" in page
    assert "<html" not in page


def test_htmx_gets_the_row_as_it_is_after_a_refusal(client):
    admin = make_admin()
    client.force_login(admin)
    answer = post_role(client, admin, "user", **{"HX-Request": "true"})
    assert only(answer, "//option[@selected]").get("value") == "admin"
    error = only(answer, "//*[@data-kind='error']")
    assert words(error).startswith("This is the only Admin.")


def test_list_starts_with_people_who_have_a_role(client):
    admin, organizer, person = make_admin(), make_organizer(), make_person()
    client.force_login(admin)
    page = client.get(ROLES)
    assert [*page.context["page"]] == [admin, organizer, person]
    assert page.context["counts"] == {"admin": 1, "organizer": 1, "user": 1}


def test_search_finds_words_of_names_and_addresses(client):
    admin, wanted = make_admin(), make_person("Hanna Nowak", email="hanna@example.org")
    make_person("Hanna Kowalska", email="kowalska@example.org")
    client.force_login(admin)
    for query in ("hanna@", "hanna nowak", "  Nowak   hanna"):
        assert [*client.get(ROLES, {"q": query}).context["page"]] == [wanted]
    page = client.get(ROLES, {"q": "nobody"}, headers={"HX-Request": "true"})
    assert "Nobody matches “nobody”." in words(tree(page))
    assert "<html" not in page.text
    assert "HX-Request" in page["Vary"]


@pytest.mark.both
@pytest.mark.parametrize("query", ["łucja", "lucja", "ŻAK", "zak łuc"])
def test_search_ignores_case_and_marks_on_letters(client, query):
    client.force_login(make_admin())
    wanted = make_person("Łucja Żak", email="l.z@example.org")
    make_person("Anna Nowak", email="other@example.org")
    assert [*client.get(ROLES, {"q": query}).context["page"]] == [wanted]


def test_history_restore_gets_the_whole_page(client):
    client.force_login(make_admin())
    page = client.get(ROLES, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in page.text


def test_list_is_paged_and_takes_the_same_queries_for_many(client, django_assert_num_queries):
    client.force_login(make_admin())
    make_people(60)
    client.get(ROLES)
    with django_assert_num_queries(5):  # session, person, counts, number of matches, page
        first = client.get(ROLES, {"q": "guest"})
    assert len(first.context["page"]) == 25
    assert 'href="?q=guest&amp;page=2"' in first.text
    assert len(client.get(ROLES, {"q": "guest", "page": "3"}).context["page"]) == 10
    assert client.get(ROLES, {"page": "nonsense"}).status_code == 200


def demote_each_other(monkeypatch, *, guard):
    """Let two Admins demote each other at once.

    Returns the two outcomes, and how many Admins are left.
    """
    anna, jonas = make_admin("Anna Nowak"), make_admin("Jonas Weber")
    gate, outcomes = threading.Barrier(2), []
    if not guard:
        monkeypatch.setattr(
            roles, "check_not_last_admin", lambda person: None
        )  # each has counted two, before the transaction

    def demote(person, by):
        gate.wait()
        try:
            roles.grant_role(person, "user", by=by)
            outcomes.append("done")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    run_together([partial(demote, anna, jonas), partial(demote, jonas, anna)])
    return sorted(outcomes), User.objects.filter(role="admin").count()


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_admins_who_demote_each_other_leave_one(monkeypatch):
    assert demote_each_other(monkeypatch, guard=True) == (["done", "last_admin"], 1)


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_admins_who_demote_each_other_without_the_lock_leave_none(monkeypatch):
    assert demote_each_other(monkeypatch, guard=False) == (["done", "done"], 0)


def test_createsuperuser_makes_an_admin_who_can_log_in_at_once(client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Root@Example.org")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", verbosity=0)
    assert (
        client.post(
            "/accounts/login/", {"login": "root@example.org", "password": PASSWORD}
        ).status_code
        == 302
    )
    assert client.get(ROLES).status_code == 200
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_admin_role_needs_a_confirmation(client, headers):
    person = make_person("Kuba Bąk")
    client.force_login(make_admin())
    answer = client.post(
        reverse("accounts:grant_role", args=[person.pk]), {"role": "admin"}, headers=headers
    )
    assert answer.status_code == 200
    assert "Make <bdi>Kuba Bąk</bdi> an Admin?" in answer.text
    assert answer.headers.get("HX-Retarget") == ("#role-question" if headers else None)
    assert role_of(person) == "user"


@pytest.mark.parametrize(
    ("before", "after", "subject"),
    [
        ("user", "organizer", "You can create events on EventFlow now"),
        ("user", "admin", "You are an EventFlow Admin now"),
        ("organizer", "user", "You can no longer create events on EventFlow"),
    ],
)
def test_person_is_mailed_their_new_role(before, after, subject):
    person = make_person(role=before)
    roles.grant_role(person, after, by=make_admin())
    [letter] = letters_to(person.email)
    assert letter.subject == subject
    assert ("/organizer/" in letter.body) == (after != "user")


def test_role_undone_in_time_sends_no_mail():
    person, admin = make_person(), make_admin()
    for role in ("organizer", "admin", "user"):
        roles.grant_role(person, role, by=admin)
    assert letters_to(person.email) == []


def test_two_role_changes_in_a_row_send_the_last_one():
    person, admin = make_person(), make_admin()
    for role in ("organizer", "user", "organizer"):
        roles.grant_role(person, role, by=admin)
    [letter] = letters_to(person.email)
    assert letter.subject == "You can create events on EventFlow now"
    roles.grant_role(person, "user", by=admin)
    assert letters_to(person.email)[-1].subject == "You can no longer create events on EventFlow"


def test_toast_of_a_granted_role_offers_the_old_one(client):
    client.force_login(make_admin())
    person = make_person()
    toast = only(
        post_role(client, person, "organizer", **{"HX-Request": "true"}),
        "//*[@id='toasts']//button",
    )
    assert json.loads(toast.get("hx-vals")) == {"role": "user", "confirmed": "1"}
