"""A form that is sent without its session changes nothing, and only its person gets it back."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core import serializers
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse

from accounts.models import User
from eventflow.core.form_drafts import DRAWN_FOR, TOKEN, owner_signature, signer
from events.models import DoorStaff, Event
from tests.support import sessions
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.forms import (
    ENGLISH,
    LINE,
    WORDS,
    FilledForm,
    forms_on,
    forms_to_fill,
    open_page,
    pages,
)
from tests.support.full_dataset import Dataset, make_dataset
from tests.support.markup import only, tree, words
from tickets.models import Announcement, Gate, Reservation

pytestmark = pytest.mark.django_db
HERE = {"Origin": "http://testserver"}
# What is typed into these forms may stand in no page and no address.
RESET_KEY = r"/^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"
PRIVATE = {
    RESET_KEY: "passwords",
    "/accounts/2fa/webauthn/add/": "what a passkey answers",
    "/accounts/2fa/reauthenticate/": "a code of the app",
    "/accounts/2fa/totp/activate/": "a code of the app",
    "/accounts/login/": "a password",
    "/accounts/password/change/": "passwords",
    "/accounts/reauthenticate/": "a password",
    "/accounts/signup/": "passwords",
    "/organizer/events/<int:pk>/check-in/": "the code of a ticket",
}
# Without a session allauth leads to the log-in page. With an old token it is kept like any.
ALLAUTHS = {"/accounts/email/": "an address"}


def all_data() -> str:
    """Return what a form could change, without the time of the last log-in."""
    User.objects.update(last_login=None)
    kinds = (User, Event, DoorStaff, Reservation, Announcement, Gate)
    return "".join(serializers.serialize("json", kind.objects.order_by("pk")) for kind in kinds)


def fields_in(page: Any) -> dict[str, list[str]]:
    """Return what the page's form sends again, beside the token and the mark of its person."""
    found: dict[str, list[str]] = {}
    for field in tree(page).xpath("//main//form//input[@type='hidden'][not(@disabled)]"):
        found.setdefault(field.get("name"), []).append(field.get("value"))
    return {name: values for name, values in found.items() if name not in {TOKEN, DRAWN_FOR}}


def all_fields_in(page: Any) -> dict[str, list[str]]:
    marks = tree(page).xpath(f"//main//form//input[@name='{TOKEN}' or @name='{DRAWN_FOR}']")
    return fields_in(page) | {field.get("name"): [field.get("value")] for field in marks}


class Browser(Client):
    """A browser that sends a page's form with its fields; tokens of old pages are refused."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True, headers=ENGLISH)

    def send(self, address: str, fields: dict[str, Any], **headers: str) -> HttpResponse:
        return self.post(address, fields, headers=HERE | headers)

    def token(self) -> str:
        """The token of the form to log in."""
        form = "//form[.//input[@name='login']]"
        page = self.get(reverse("account_login"))
        return str(only(page, f"{form}//input[@name='{TOKEN}']").get("value"))

    def log_in(self, person: User) -> None:
        """As the form does it: what pages drawn before have as token is worth nothing now."""
        fields = {TOKEN: self.token(), "login": person.email, "password": PASSWORD}
        assert self.send(reverse("account_login"), fields).status_code == 302

    def log_out(self) -> None:
        """The session ends, as it does by time: the browser keeps the cookie of the token."""
        self.cookies.pop(settings.SESSION_COOKIE_NAME)


# --- every form of the site -----------------------------------------------------------------------


def answers_of(forms: dict[str, FilledForm], dataset: Dataset) -> Iterator[FilledForm]:
    """Yield the forms that the answers of these forms hold: a message's preview, a question."""
    for key in ("messages/ action=preview", "queue/reject/"):
        form = next(form for each, form in forms.items() if each.endswith(key))
        answer = open_page(Client(headers=ENGLISH), dataset, form.who, form.action, form.fields)
        yield from forms_on(answer, form.who)


def every_form(dataset: Dataset) -> dict[str, FilledForm]:
    waiting = reverse("tickets:reject", args=[dataset["reservations"]["waiting"].pk])
    pending = reverse("tickets:queue", args=[dataset["events"]["pending"].pk])
    forms = forms_to_fill(dataset, [("owner", waiting), ("owner", pending)])
    return forms | {form.key: form for form in answers_of(forms, dataset) if form.typed}


@pytest.mark.once
def test_every_form_with_text_has_a_draft_for_its_person_or_none():
    """Found on the site's pages. One that is new is kept, or stands above with the reason."""
    dataset = make_dataset()
    found, wrong = every_form(dataset), {}
    direct, kept = Client(headers=ENGLISH), Browser()
    for key, form in found.items():
        if key in PRIVATE:
            wrong[key] = what_is_shown_of(form, direct, kept)
        elif form.who == "visitor" or key in ALLAUTHS:
            wrong[key] = what_an_old_token_loses(form, kept)
        else:
            wrong[key] = what_the_end_of_the_session_loses(form, dataset, direct, kept)
    assert not {key: told for key, told in wrong.items() if told}
    assert not {*PRIVATE, *ALLAUTHS} - {*found}
    assert len(found) > 20


def anew(*browsers: Client) -> None:
    """Forget who was logged in, and what was counted."""
    cache.clear()
    for browser in browsers:
        browser.cookies.clear()


def what_is_shown_of(form: FilledForm, *browsers: Client) -> str:
    """What was typed and stands in an answer to it, without a session or with an old token."""
    secrets = {value for name in form.typed for value in form.fields[name] if len(value) > 3}
    anew(*browsers)
    for browser in browsers:
        answer = browser.post(form.action, form.fields, headers=HERE)
        shown = [value for value in secrets if value in answer.text + answer.get("Location", "")]
        if shown and answer.status_code in {302, 401, 403}:
            return f"{answer.status_code}: {shown}"
    return ""


def what_an_old_token_loses(form: FilledForm, browser: Browser) -> str:
    anew(browser)
    return what_differs(browser.send(form.action, form.fields), form, status=403)


def what_differs(page: HttpResponse, form: FilledForm, *, status: int) -> str:
    """How the page falls short of holding the form as it was sent, and in no cache."""
    kept = {name: values for name, values in form.fields.items() if name not in {TOKEN, DRAWN_FOR}}
    got = (page.status_code, page.get("Cache-Control"), fields_in(page))
    return "" if got == (status, "private, no-store", kept) else f"{got} instead of {kept}"


def what_the_end_of_the_session_loses(
    form: FilledForm, dataset: Dataset, direct: Client, kept: Browser
) -> str:
    """Follow the form over the log-in of its person. It must end as if nothing had been between."""
    anew(direct, kept)
    owner, before = dataset["people"][form.who], all_data()
    with transaction.atomic():
        sessions.log_in(direct, owner)
        wanted = outcome(direct.post(form.action, form.fields, headers=HERE), before)
        transaction.set_rollback(True)
    cache.clear()
    with transaction.atomic():
        page = kept.send(form.action, form.fields | {TOKEN: [kept.token()]})
        wrong = what_differs(page, form, status=401)
        sessions.log_in(kept, owner)
        kept.cookies["csrftoken"] = "n" * 32
        again = kept.send(form.action, all_fields_in(page))
        wrong = wrong or what_differs(again, form, status=403)
        wrong = wrong or ("something was done before" if all_data() != before else "")
        kept.cookies["csrftoken"] = again.cookies["csrftoken"].value
        got = outcome(kept.send(form.action, all_fields_in(again)), before)
        transaction.set_rollback(True)
    return wrong or ("" if got == wanted else f"{got} instead of {wanted}")


def outcome(answer: HttpResponse, before: str) -> tuple[int, str, bool]:
    route = resolve(answer["Location"].partition("?")[0]).route if "Location" in answer else ""
    return answer.status_code, route, all_data() != before


# --- whose it is ----------------------------------------------------------------------------------


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


@pytest.mark.once
def test_every_form_names_the_person_its_page_was_rendered_for():
    """Found on the pages of everybody who is logged in, in every state of what they show.

    The browser knows a form again by its first fields, so the person stands there too.
    """
    dataset, client = make_dataset(), Client(headers=ENGLISH)
    sent, unmarked = Counter[str](), set()
    for who, path in dict.fromkeys(pages(dataset, most=20)):
        answer = open_page(client, dataset, who, path)
        if who not in dataset["people"] or not answer.get("Content-Type", "").startswith(
            "text/html"
        ):
            continue
        for form in tree(answer).xpath("//form[translate(@method, 'POST', 'post') = 'post']"):
            # The choice of a language is the same for everybody, and has no token either.
            if form.get("action") == reverse("accounts:set_language"):
                continue
            sent[form.get("action")] += 1
            owners = [
                signer.unsign(each.get("value"))
                for each in form.xpath(f".//input[@name='{DRAWN_FOR}']")
            ]
            person = dataset["people"][who].pk
            if (owners, form.xpath(".//@name")[0]) != ([str(person)], f"of-{person}"):
                unmarked.add((who, path, form.get("action")))
    assert not unmarked
    assert len(sent) > 50


def test_form_of_a_page_says_for_whom_it_was_drawn(people):
    alice, _bob = people
    assert written(Browser(), alice)[DRAWN_FOR] == owner_signature(alice)
    page = Client().get("/accounts/login/")
    assert not tree(page).xpath(f"//input[@name='{DRAWN_FOR}']")


def test_kept_form_is_not_given_to_who_logs_in_next(people):
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


def test_form_of_a_page_that_stayed_open_is_not_sent_as_who_logs_in_next(people):
    """The page is not asked for in between: another person is logged in at its first answer."""
    alice, bob = people
    browser = Browser()
    fields = written(browser, alice)
    browser.log_in(bob)
    answer = browser.send("/accounts/settings/", fields)
    assert (answer.status_code, "AliceSecret" in answer.text) == (403, False)


@pytest.mark.parametrize("carried_by", ["field", "header"])
def test_htmx_form_is_not_sent_again_as_who_logs_in_next(people, carried_by):
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


def test_kept_form_goes_through_for_its_person(people):
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
def test_kept_form_of_nobody_knows_whom_asks_who_is_logged_in(people, mark):
    _alice, bob = people
    browser = Browser()
    fields = written(browser, bob) | {DRAWN_FOR: mark}
    browser.log_in(bob)
    page = browser.send("/accounts/settings/", {n: v for n, v in fields.items() if v is not None})
    assert (page.status_code, fields_in(page)["first_name"]) == (403, ["AliceSecret"])
    asked = "You are logged in as Bob Lis. Send it only if you filled it in."
    assert asked in words(only(page, "//main"))
    assert browser.send("/accounts/settings/", all_fields_in(page)).status_code == 302


def test_pages_send_the_mark_with_what_htmx_asks_for(people):
    alice, _bob = people
    browser = Browser()
    browser.log_in(alice)
    headers = only(browser.get("/accounts/settings/"), "//body").get("hx-headers")
    assert f'"X-Drawn-For": "{owner_signature(alice)}"' in headers


# --- without a session ----------------------------------------------------------------------------


@pytest.fixture
def dataset() -> dict[str, Any]:
    event = make_event()
    return {"event": event, "reservation": make_reservation(event)}


def test_form_without_a_session_changes_nothing_and_names_the_log_in(client, dataset):
    event = dataset["event"]
    path, before = reverse("events:edit", args=[event.pk]), all_data()
    page = client.post(path, {"title": LINE, "description": WORDS, "action": "save"})
    (form,) = tree(page).xpath("//main//form")
    assert (form.get("method"), form.get("action")) == ("post", path)
    # Logging in, as the page's link asks for it, sends nothing by itself.
    (link,) = tree(page).xpath("//main//form//a")
    login = {"login": event.organizer.email, "password": PASSWORD}
    assert client.post(link.get("href"), login).status_code == 302
    assert all_data() == before


@pytest.mark.parametrize("view", ["events:edit", "tickets:check_in"])
def test_htmx_form_without_a_session_leaves_the_page_as_it_is(client, dataset, view):
    path, before = reverse(view, args=[dataset["event"].pk]), all_data()
    fields = {"title": LINE, "code": "7K4M-2QXD"}
    answer = client.post(path, fields, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer
    assert not any(value in answer.text for value in fields.values())
    assert all_data() == before


PRIVATE_FIELDS = [
    ("accounts:delete", {"password": "violet harbour lantern"}),
    ("account_change_password", {"oldpassword": "a secret", "password1": "b secret"}),
    ("mfa_activate_totp", {"code": "123456"}),
    ("mfa_authenticate", {"code": "123456"}),
    ("mfa_reauthenticate", {"code": "a-recovery-code"}),
    ("tickets:check_in", {"code": "7K4M-2QXD"}),
    (
        "tickets:messages",
        {"body": "Words", "token": "a-token-of-some-kind", "password": "a secret"},
    ),
]


@pytest.mark.parametrize(("view", "fields"), PRIVATE_FIELDS)
@pytest.mark.parametrize("old_token", [False, True])
def test_passwords_and_codes_are_kept_nowhere(dataset, caplog, view, fields, old_token):
    """Not in the page, in no address, in no session and in no log."""
    args = [dataset["event"].pk] if view.startswith("tickets:") else []
    path, client = reverse(view, args=args), Client(enforce_csrf_checks=old_token)
    headers = HERE | {"Referer": f"http://testserver{path}?code=7K4M-2QXD&q=a+secret"}
    answer = client.post(path, fields, headers=headers)
    secrets = [value for name, value in fields.items() if name != "body"]
    everywhere = [answer.text, str(answer.headers), str(dict(client.session)), caplog.text]
    assert not [text for value in secrets for text in everywhere if value in text]


def sent_before_proving_again(
    person: User, view: str, fields: dict[str, str]
) -> tuple[Client, HttpResponse]:
    """What somebody gets who is logged in, and is asked for their password before it is done."""
    client = Client()
    client.force_login(person, backend=sessions.BACKEND)
    return client, client.post(reverse(view), fields)


@pytest.mark.parametrize(
    ("view", "fields"),
    [("mfa_activate_totp", {"code": "123456"}), ("mfa_add_webauthn", {"credential": "{}-secret"})],
)
def test_code_does_not_wait_in_the_session_for_the_password(view, fields):
    client, answer = sent_before_proving_again(make_person(), view, fields)
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=%2Faccounts%2F2fa%2F")
    assert not [value for value in fields.values() if value in str(dict(client.session))]


def test_key_of_an_app_stays_while_the_password_is_asked_for():
    """Only the code is typed again: whoever set the app up need not scan the picture once more."""
    person = make_person()
    client = Client()
    sessions.log_in(client, person)
    client.get(reverse("mfa_activate_totp"))
    key = client.session["mfa.totp.secret"]
    client.session.flush()
    client.force_login(person, backend=sessions.BACKEND)
    session = client.session
    session["mfa.totp.secret"] = key
    session.save()
    answer = client.post(reverse("mfa_activate_totp"), {"code": "123456"})
    page = client.post(answer["Location"], {"password": PASSWORD}, follow=True)
    assert page.redirect_chain == [(reverse("mfa_activate_totp"), 302)]
    assert key in page.text
    # They typed a code: nothing is said of one that is missing.
    assert not tree(page).xpath("//*[@aria-invalid or @data-invalid]")
    assert client.session["mfa.totp.secret"] == key


def test_passkey_after_the_password_is_asked_for_anew_without_an_error():
    fields = {"name": "Laptop", "credential": "{}"}
    client, answer = sent_before_proving_again(make_person(), "mfa_add_webauthn", fields)
    page = client.post(answer["Location"], {"password": PASSWORD}, follow=True)
    assert page.redirect_chain == [(reverse("mfa_add_webauthn"), 302)]
    assert not tree(page).xpath("//*[@aria-invalid or @data-invalid]")


def test_new_address_waits_in_the_session_for_the_password():
    fields = {"email": "new@example.org", "action_add": ""}
    client, answer = sent_before_proving_again(make_person(), "account_email", fields)
    assert client.post(answer["Location"], {"password": PASSWORD}).status_code == 302
    assert "new@example.org" in client.get(reverse("account_email")).text


@pytest.mark.parametrize("view", ["mfa_edit_webauthn", "accounts:delete"])
def test_form_of_a_session_that_has_ended_does_not_wait_for_who_logs_in_next(client, view):
    args = [1] if view == "mfa_edit_webauthn" else []
    client.post(reverse(view, args=args), {"name": "AliceSecret"})
    assert "AliceSecret" not in str(dict(client.session))


BACKGROUND = {
    "queue": ("tickets:queue", "event"),
    "arrivals": ("tickets:arrivals", "event"),
    "doors": ("tickets:doors", "event"),
    "ticket": ("tickets:ticket", "reservation"),
}


@pytest.mark.parametrize("name", BACKGROUND)
def test_page_that_asks_by_itself_without_a_session_is_not_led_away(client, dataset, name):
    view, what = BACKGROUND[name]
    page = f"/organizer/events/{dataset['event'].pk}/queue/?state=all"
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver{page}",
        "X-Asked-By-Itself": "true",
    }
    answer = client.get(reverse(view, args=[dataset[what].pk]), headers=headers)
    assert (answer.status_code, answer["HX-Reswap"]) == (401, "none")
    assert "HX-Redirect" not in answer
    (link,) = tree(answer).xpath("//*[@id='toasts']//a")
    assert link.get("href").startswith("/accounts/login/?next=/organizer/events/")
    assert "what you typed stays" in answer.text
