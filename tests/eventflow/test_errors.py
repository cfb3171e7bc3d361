"""The pages at the end of a road: they say what happened and what to do, and give nothing away."""

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from eventflow.core.own_pages import back_url
from eventflow.error_pages import is_database_away
from tests.support.factories import make_event, make_organizer, make_person
from tests.support.page_checks import inline_code_in, policy_of

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}
broken_urls = pytest.mark.urls("tests.support.broken_urls")


@pytest.fixture
def client():
    """A browser: it sees the error page and not the error."""
    return Client(raise_request_exception=False)


def assert_is_a_page_of_ours(response, heading):
    assert heading in response.text
    assert "EventFlow</a>" in response.text
    assert inline_code_in(response) == []
    assert policy_of(response)["default-src"] == "'none'"


@pytest.mark.django_db
def test_404_says_where_to_look(client):
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert_is_a_page_of_ours(response, "This page isn’t on the list")
    assert "/nothing/here/" not in response.text.replace('value="/nothing/here/"', "")


@pytest.mark.django_db
def test_403_says_whom_to_ask(client):
    client.force_login(make_person())
    response = client.get("/administration/roles/")
    assert response.status_code == 403
    assert_is_a_page_of_ours(response, "This door is for staff")


@pytest.mark.django_db
def test_organizer_pages_are_for_organizers(client):
    path = reverse("events:panel")
    assert client.get(path).url == f"/accounts/login/?next={path}"
    client.force_login(make_person())
    assert client.get(path).status_code == 403
    client.force_login(make_organizer())
    assert client.get(path).status_code == 200


@pytest.mark.django_db
def test_form_without_its_token_is_refused_with_a_page():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/accounts/login/", {"login": "x@example.org", "password": "x"})
    assert response.status_code == 403
    assert_is_a_page_of_ours(response, "This form waited too long")


@broken_urls
@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [("/broken/", 500, "Something broke on our side"), ("/away/", 503, "Back in a moment")],
)
def test_error_pages_need_no_database(client, path, status, heading):
    """pytest-django refuses every query of this test."""
    response = client.get(path, headers={"X-Request-ID": "look-for-me-1"})
    assert response.status_code == status
    assert_is_a_page_of_ours(response, heading)
    assert f"Error {status}, reference look-for-me-1" in response.text
    assert ("Retry-After" in response) is (status == 503)


@broken_urls
@pytest.mark.django_db
def test_error_page_is_in_the_language_of_the_reader(client):
    assert '<html lang="pl"' in client.get("/broken/", headers={"accept-language": "pl"}).text


@broken_urls
@pytest.mark.django_db
def test_refusal_is_a_page_with_the_reason_and_a_link_back(client):
    event = reverse("events:detail", args=[make_event().pk])
    response = client.post("/refused/", headers={"referer": f"http://testserver{event}?x=1"})
    assert response.status_code == 409
    assert_is_a_page_of_ours(response, "All the seats are taken.")
    assert 'data-code="event_full"' in response.text
    assert f'href="{event}">Go back' in response.text
    assert (
        'href="/">Go back'
        in client.post("/refused/", headers={"referer": "https://evil.example/x"}).text
    )


@broken_urls
@pytest.mark.django_db
def test_refusal_under_htmx_is_a_toast_and_swaps_nothing(client):
    response = client.post("/refused/", headers=HTMX)
    assert (response.status_code, response["HX-Reswap"]) == (409, "none")
    assert "All the seats are taken." in response.text
    assert 'id="toasts" hx-swap-oob="beforeend"' in response.text
    assert "<html" not in response.text


def too_complex():
    """A query that is nested too deeply for SQLite's parser or PostgreSQL's stack."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + "+".join(["1"] * 100_000))


def of_another_server():
    raise OperationalError("connection refused")


@pytest.mark.django_db
@pytest.mark.parametrize(("ask", "away"), [(too_complex, False), (of_another_server, True)])
def test_query_that_the_database_refuses_is_no_outage(ask, away):
    with pytest.raises(OperationalError) as raised, transaction.atomic():
        ask()
    assert is_database_away(raised.value) is away


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/events/7/?q=1", "/events/7/"),
        ("http://testserver//elsewhere.example/log-in/", "/"),
        ("http://testserver/\\elsewhere.example/", "/"),
        ("http://elsewhere.example/events/7/", "/"),
        ("http://testserver", "/"),
        ("", "/"),
    ],
)
def test_back_url_leads_to_no_other_site(rf, referer, back):
    assert back_url(rf.post("/", headers={"Referer": referer})) == back
