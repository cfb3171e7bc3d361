"""Log-in, log-out, password reset and change of address; what answers tell, and the limits."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts import people
from eventflow.core.audit import AuditEntry
from tests.support.factories import PASSWORD, make_admin, make_event, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.page_checks import without_tokens

pytestmark = pytest.mark.django_db
LOGIN, LOGOUT, RESET = "/accounts/login/", "/accounts/logout/", "/accounts/password/reset/"
NEW = "quite another password"


def log_in(client, email, password=PASSWORD, path=LOGIN, **fields):
    return client.post(path, {"login": email, "password": password, **fields})


def is_logged_in(client):
    return client.get(reverse("accounts:settings")).status_code == 200


def test_login_leads_back_to_where_it_was_asked_for(client):
    person = make_person()
    wanted = reverse("accounts:settings")
    path = client.get(wanted).url
    assert path == f"{LOGIN}?next={wanted}"
    assert f'name="next" value="{wanted}"' in client.get(path).text
    assert log_in(client, person.email, path=path).url == wanted
    assert is_logged_in(client)


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_login_never_leads_to_another_site(client, next):
    assert log_in(client, make_person().email, path=f"{LOGIN}?next={next}").url == "/"


@pytest.mark.parametrize(
    ("remember", "ends_with_the_browser"), [({"remember": "on"}, False), ({}, True)]
)
def test_login_is_remembered_when_asked_for(client, remember, ends_with_the_browser):
    log_in(client, make_person().email, **remember)
    assert client.session.get_expire_at_browser_close() is ends_with_the_browser
    assert client.get(LOGIN).status_code == 302


def test_login_with_an_unverified_address_sends_the_link_instead(client):
    person = make_person(activated=False)
    assert log_in(client, person.email).url == reverse("account_email_verification_sent")
    assert not is_logged_in(client)
    assert client.post(link_in(letters_to(person.email)[0], "/activate/")).status_code == 200
    assert is_logged_in(client)


def test_logout_takes_one_press_and_a_get_changes_nothing(client):
    client.force_login(make_person())
    assert client.get(LOGOUT).status_code == 200
    assert is_logged_in(client)
    assert client.post(LOGOUT).url == "/"
    assert not is_logged_in(client)


def test_login_after_an_anonymous_post_leads_back_to_the_form(client):
    event = reverse("events:detail", args=[make_event().pk])
    response = client.post(
        reverse("accounts:settings"), headers={"referer": f"http://testserver{event}"}
    )
    assert response.url == f"{LOGIN}?next={event}"


def test_htmx_is_redirected_to_the_whole_login_page(client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/events/7/?a=1#x"}
    response = client.post(reverse("accounts:settings"), headers=headers)
    assert (response.status_code, response.content) == (200, b"")
    assert response["HX-Redirect"] == f"{LOGIN}?next=/events/7/%3Fa%3D1"


def test_login_answers_wrong_unknown_and_blocked_alike():
    make_person(email="right@example.org")
    make_person(email="blocked@example.org", is_active=False)
    cases = [
        ("right@example.org", "wrong password"),
        ("nobody@example.org", PASSWORD),
        ("blocked@example.org", PASSWORD),
    ]
    pages = []
    for email, password in cases:
        client = Client()
        response = log_in(client, email, password)
        pages.append((response.status_code, without_tokens(response.text.replace(email, ""))))
        assert not is_logged_in(client)
    assert pages[0] == pages[1] == pages[2]
    assert "The e-mail address or the password is wrong." in pages[0][1]


def test_blocked_person_is_logged_out_by_the_next_request(client):
    person = make_person()
    log_in(client, person.email)
    assert is_logged_in(client)
    people.block_person(person, by=make_admin())
    assert not is_logged_in(client)
    assert AuditEntry.objects.exclude(action="login.success").get().action == "account.block"


def test_password_change_keeps_this_session_and_ends_the_others(client):
    person, elsewhere = make_person(), Client()
    log_in(client, person.email)
    log_in(elsewhere, person.email)
    change = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert (
        "This is not your current password."
        in client.post("/accounts/password/change/", change | {"oldpassword": "x"}).text
    )
    assert client.post("/accounts/password/change/", change).url == reverse("accounts:settings")
    assert is_logged_in(client)
    assert not is_logged_in(elsewhere)
    assert letters_to(person.email)[0].subject == "Your EventFlow password was changed"


def request_address(client, email):
    """Send the form, and the password again."""
    response = client.post("/accounts/email/", {"email": email, "action_add": ""})
    assert response.url == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
    return client.post(response.url, {"password": PASSWORD})


def test_email_change_needs_the_password_and_a_press_in_the_new_mailbox(client):
    person = make_person(email="old@example.org", language="pl")
    client.force_login(person)
    assert request_address(client, "New@Example.org").url == "/accounts/email/"
    person.refresh_from_db()
    assert person.email == "old@example.org"
    path = link_in(letters_to("new@example.org")[0], "/activate/")
    client.get(path)
    assert log_in(Client(), "old@example.org").status_code == 302
    client.post(path)
    person.refresh_from_db()
    assert person.email == "new@example.org"
    assert [
        *EmailAddress.objects.filter(user=person).values_list("email", "verified", "primary")
    ] == [("new@example.org", True, True)]
    assert is_logged_in(client)
    assert log_in(Client(), "old@example.org").status_code == 200
    assert log_in(Client(), "new@example.org").status_code == 302
    assert [letter.subject for letter in letters_to("old@example.org")] == [
        "Ktoś chce zmienić adres Twojego konta EventFlow",
        "Zmiana adresu w EventFlow",
    ]
    changes = AuditEntry.objects.exclude(action__startswith="login.").order_by("pk")
    actions = [*changes.values_list("action", flat=True)]
    assert actions == ["address.ask", "account.change_email"]


def test_email_change_can_be_cancelled(client):
    person = make_person(email="old@example.org")
    client.force_login(person)
    request_address(client, "new@example.org")
    path = link_in(letters_to("new@example.org")[0], "/activate/")
    client.post("/accounts/email/", {"email": "new@example.org", "action_remove": ""})
    assert client.post(path).status_code == 400
    assert [*EmailAddress.objects.filter(user=person).values_list("email", flat=True)] == [
        "old@example.org"
    ]
    assert letters_to("old@example.org")[-1].subject == "You keep your EventFlow address"


def test_email_change_to_a_taken_address_tells_nothing_and_takes_nothing(client):
    owner, person = make_person(email="taken@example.org"), make_person(email="old@example.org")
    client.force_login(person)
    assert request_address(client, "taken@example.org").status_code == 302
    assert client.post(link_in(letters_to("taken@example.org")[0], "/activate/")).status_code == 400
    owner.refresh_from_db()
    person.refresh_from_db()
    assert (owner.email, person.email) == ("taken@example.org", "old@example.org")
    assert EmailAddress.objects.get(verified=True, email="taken@example.org").user == owner


def test_login_is_locked_after_five_wrong_passwords(client):
    person = make_person()
    for _ in range(5):
        log_in(client, person.email, "wrong password")
    assert "Too many attempts" in log_in(client, person.email).text
    assert not is_logged_in(client)


def test_forged_forwarding_header_counts_as_the_same_address(client):
    """Ten wrong log-ins a minute from one address, whatever header it sends."""
    for number in range(10):
        log_in(
            Client(headers={"X-Forwarded-For": f"192.0.2.{number}"}),
            f"nobody{number}@example.org",
            "wrong password",
        )
    person = make_person()
    response = log_in(Client(headers={"X-Forwarded-For": "192.0.2.99"}), person.email)
    assert "Too many attempts" in response.text


def test_too_many_requests_page_says_what_to_do(client):
    for _ in range(20):
        client.post("/accounts/signup/", {})
    response = client.post("/accounts/signup/", {})
    assert response.status_code == 429
    assert "Wait a few minutes" in response.text


def test_limits_can_be_switched_off(client, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    for _ in range(25):
        assert client.post("/accounts/signup/", {}).status_code == 200
