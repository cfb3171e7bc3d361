"""Log-in and sign-up lead back to the page that the person was on."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.factories import PASSWORD, make_event, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import tree

pytestmark = pytest.mark.django_db
LOGIN, SIGNUP = "/accounts/login/", "/accounts/signup/"


@pytest.fixture
def event():
    return reverse("events:detail", args=[make_event().pk])


def header_links(page):
    found = tree(page).xpath("//header//a/@href")
    return sorted({href for href in found if href.startswith((LOGIN, SIGNUP))})


def test_header_links_lead_back_to_the_page(client, event):
    assert header_links(client.get(event)) == [f"{LOGIN}?next={event}", f"{SIGNUP}?next={event}"]
    page = client.get("/", {"q": "druk & kawa"})
    assert header_links(page)[0] == f"{LOGIN}?next=/%3Fq%3Ddruk%2B%2526%2Bkawa"


def test_header_links_of_front_page_and_404_have_no_next(client):
    assert header_links(client.get("/")) == [LOGIN, SIGNUP]
    assert header_links(client.get("/nothing/here/")) == [LOGIN, SIGNUP]


def test_login_pages_pass_on_the_next_page(client, event):
    for path in (LOGIN, SIGNUP):
        page = client.get(path, {"next": event})
        assert header_links(page) == [f"{LOGIN}?next={event}", f"{SIGNUP}?next={event}"]
        failed = client.post(path, {"next": event, "login": "x", "password": "y"})
        assert header_links(failed) == [f"{LOGIN}?next={event}", f"{SIGNUP}?next={event}"]
    assert header_links(client.get("/accounts/password/reset/")) == [LOGIN, SIGNUP]


def test_next_page_survives_sign_up_and_activation(client, event):
    link = header_links(client.get(event))[1]
    page = client.get(link)
    fields = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    wanted = page.context["redirect_field_value"]
    client.post(SIGNUP, {**fields, "first_name": "A", "next": wanted})
    sent = client.get("/accounts/confirm-email/")
    assert f'href="{SIGNUP}?next=' in sent.text, "another address, the same page"
    done = client.post(link_in(letters_to("new@example.org")[0], "/activate/"))
    assert f'href="{event}"' in done.text
    assert "_auth_user_id" in client.session


def test_login_from_the_header_leads_back(client, event):
    link = header_links(client.get(event))[0]
    fields = {"login": make_person().email, "password": PASSWORD}
    assert client.post(link, fields).url == event


@pytest.fixture
def two_tabs():
    """A browser that checks CSRF tokens, and the token of the log-in page before the log-in."""
    browser, person = Client(enforce_csrf_checks=True), make_person()
    token = tree(browser.get(LOGIN)).xpath(
        "//main//form//input[@name='csrfmiddlewaretoken']/@value"
    )[0]
    fields = {"login": person.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post(LOGIN, fields).status_code == 302
    return browser, fields


def test_login_form_of_a_second_tab_leads_to_its_next_page(two_tabs, event):
    browser, fields = two_tabs
    answer = browser.post(LOGIN, {**fields, "next": event})
    assert (answer.status_code, answer.url) == (302, event)
    assert browser.post(SIGNUP, fields).url == "/"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_login_form_of_a_second_tab_leads_to_no_other_site(two_tabs, wanted):
    browser, fields = two_tabs
    assert browser.post(LOGIN, {**fields, "next": wanted}).url == "/"


def test_stale_form_of_a_visitor_is_refused(two_tabs):
    browser, fields = two_tabs
    del browser.cookies["sessionid"]
    assert browser.post(LOGIN, fields).status_code == 403


def test_login_form_of_another_site_is_refused(two_tabs):
    browser, fields = two_tabs
    headers = {"origin": "https://evil.example"}
    assert browser.post(LOGIN, fields, headers=headers).status_code == 403


def test_other_stale_forms_are_refused(two_tabs):
    browser, fields = two_tabs
    assert browser.post("/accounts/settings/", fields).status_code == 403
