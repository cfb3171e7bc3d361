"""The draft of a form is for the person who typed it, and for nobody else."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from eventflow.core.form_drafts import DRAWN_FOR, TOKEN, owner_signature
from tests.eventflow.form_drafts.browser import Browser, all_fields_in, fields_in
from tests.support.factories import make_person
from tests.support.markup import only, tree, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> tuple[User, User]:
    """Two who share a browser: the one who writes, and the one who logs in next."""
    return make_person("Alice Lis"), make_person("Bob Lis")


SETTINGS = {"first_name": "AliceSecret", "last_name": "Lis", "language": "en"}


def written(browser: Browser, person: User, path: str = "/accounts/settings/") -> dict[str, Any]:
    """The fields of a form that this person filled in, before their session ended."""
    browser.log_in(person)
    page = browser.get(path)
    form = only(page, "//main//form[.//input[@name='first_name'] or .//input[@name='title']]")
    drawn = {
        name: form.xpath(f".//input[@name='{name}']")[0].get("value") for name in (TOKEN, DRAWN_FOR)
    }
    browser.log_out()
    return SETTINGS | drawn


def test_form_of_a_page_says_for_whom_it_was_drawn(people):
    alice, _bob = people
    assert written(Browser(), alice)[DRAWN_FOR] == owner_signature(alice)
    page = Client().get("/accounts/login/")
    assert not tree(page).xpath(f"//input[@name='{DRAWN_FOR}']")


def test_draft_is_not_given_to_another_person(people):
    alice, bob = people
    browser = Browser()
    page = browser.send("/accounts/settings/", written(browser, alice))
    assert (page.status_code, "AliceSecret" in page.text) == (401, True)
    browser.log_in(bob)
    answer = browser.send("/accounts/settings/", all_fields_in(page))
    assert (answer.status_code, "AliceSecret" in answer.text) == (403, False)
    assert answer["Cache-Control"] == "private, no-store"
    assert "You are logged in as Bob Lis. Another account" in words(only(answer, "//main"))
    assert not answer.context["request"].session.get("kept")
    bob.refresh_from_db()
    assert bob.first_name == "Bob"


def test_form_of_an_open_page_is_not_sent_as_the_next_person(people):
    """The page is not asked for in between: another person is logged in at its first answer."""
    alice, bob = people
    browser = Browser()
    fields = written(browser, alice)
    browser.log_in(bob)
    answer = browser.send("/accounts/settings/", fields)
    assert (answer.status_code, "AliceSecret" in answer.text) == (403, False)


@pytest.mark.parametrize("carried_by", ["field", "header"])
def test_htmx_form_is_not_sent_again_as_the_next_person(people, carried_by):
    """A page gets no new token for another person's words: it is opened anew, without them."""
    alice, bob = people
    browser = Browser()
    fields = written(browser, alice)
    browser.log_in(bob)
    headers = {"HX-Request": "true", "Referer": "http://testserver/accounts/settings/"}
    if carried_by == "header":
        headers["X-Drawn-For"] = fields.pop(DRAWN_FOR)
    answer = browser.send("/accounts/settings/", fields, **headers)
    assert "X-CSRFToken" not in answer
    page = browser.get(answer["HX-Redirect"])
    assert page.wsgi_request.path == "/accounts/settings/"
    said = words(only(page, "//*[@id='toasts']")).replace("\u2068", "").replace("\u2069", "")
    assert "You are logged in as Bob Lis, and this page was opened by another account." in said
    assert "AliceSecret" not in page.text


def test_draft_can_be_sent_by_its_person(people):
    alice, _bob = people
    browser = Browser()
    page = browser.send("/accounts/settings/", written(browser, alice))
    browser.log_in(alice)
    page = browser.send("/accounts/settings/", all_fields_in(page))
    assert page.status_code == 403
    assert "You are logged in as" not in page.text
    assert browser.send("/accounts/settings/", all_fields_in(page)).status_code == 302
    alice.refresh_from_db()
    assert alice.first_name == "AliceSecret"


@pytest.mark.parametrize("mark", [None, "", "1", "1:forged"])
def test_draft_without_an_owner_asks_the_logged_in_person(people, mark):
    _alice, bob = people
    browser = Browser()
    fields = written(browser, bob) | {DRAWN_FOR: mark}
    browser.log_in(bob)
    page = browser.send("/accounts/settings/", {n: v for n, v in fields.items() if v is not None})
    assert (page.status_code, fields_in(page)["first_name"]) == (403, ["AliceSecret"])
    asked = "You are logged in as Bob Lis. Send it only if you filled it in."
    assert asked in words(only(page, "//main"))
    assert browser.send("/accounts/settings/", all_fields_in(page)).status_code == 302


def test_pages_send_their_owner_with_htmx_requests(people):
    alice, _bob = people
    browser = Browser()
    browser.log_in(alice)
    headers = only(browser.get("/accounts/settings/"), "//body").get("hx-headers")
    assert f'"X-Drawn-For": "{owner_signature(alice)}"' in headers
