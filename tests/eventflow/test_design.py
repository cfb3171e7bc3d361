"""The design's parts, and that no page of ours asks the browser for what the policy forbids."""

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.test import Client
from lxml.html import fromstring

from accounts.models import User
from eventflow.templatetags import design
from events.models import Event
from tests.support.factories import make_admin, make_person
from tests.support.mailbox import letters_to
from tests.support.page_checks import inline_code_in, policy_of

PASSWORDS = ["reset/", "reset/done/", "reset/key/done/", "reset/key/1-x/"]
VISITORS = [
    "login/",
    "signup/",
    "confirm-email/",
    "inactive/",
    *(f"password/{page}" for page in PASSWORDS),
]
PEOPLE = ["logout/", "settings/", "email/", "password/change/", "reauthenticate/"]


class Form(forms.Form):
    title = forms.CharField(label="<b>Title</b>", help_text="Short & clear.")
    note = forms.CharField(required=False)
    secret = forms.CharField(widget=forms.PasswordInput)
    agreed = forms.BooleanField(label="Agreed", required=False)


def draw(name, **data):
    return Template("{% field form." + name + " %}").render(Context({"form": Form(data or None)}))


def test_field_wires_label_hint_error_and_control():
    html = draw("title", title="")
    [label] = fromstring(html).xpath("//label[@for='id_title']")
    assert label.text_content().split() == ["<b>Title</b>"]
    assert "Short &amp; clear." in html
    assert 'aria-describedby="id_title-hint id_title-error"' in html
    assert 'aria-invalid="true"' in html
    assert " data-invalid" in html


def test_field_says_what_is_optional_shows_passwords_and_puts_the_tick_first():
    assert "(optional)" in draw("note")
    assert "(optional)" not in draw("title")
    assert 'data-reveal="id_secret"' in draw("secret")
    assert draw("agreed").index("<input") < draw("agreed").index("Agreed")
    assert "aria-describedby" not in draw("note")


def test_avatar_hues_are_the_colours_of_events():
    assert [*design.HUES] == Event.Hue.values


def test_avatar_takes_initials_or_the_address_and_keeps_its_colour():
    maja, nameless = (
        User(first_name="Łucja", last_name="Żak", email="a@example.org"),
        User(email="zoe@example.org"),
    )
    assert ">ŁŻ<" in design.avatar(maja)
    assert ">Z<" in design.avatar(nameless)
    assert design.avatar(maja) == design.avatar(maja)
    assert "<script" not in design.avatar(
        User(first_name="<script", last_name="x", email="x@example.org")
    )


@pytest.mark.parametrize(
    ("part", "whole", "length"),
    [(17, 24, "70.8%"), (0, 24, "0.0%"), (30, 24, "100.0%"), (0, 0, "0%")],
)
def test_share_is_a_length(part, whole, length):
    assert design.share(part, whole) == length


def assert_clean(response):
    assert inline_code_in(response) == []
    policy = policy_of(response)
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert (policy["base-uri"], policy["frame-ancestors"], policy["form-action"]) == (
        "'none'",
        "'none'",
        "'self'",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "pl"])
def test_pages_for_visitors_obey_the_policy(language):
    client = Client(headers={"accept-language": language})
    for path in VISITORS:
        assert_clean(client.get(f"/accounts/{path}"))
    assert_clean(client.post("/accounts/signup/", {}))
    assert_clean(client.post("/accounts/login/", {}))
    assert_clean(client.get("/activate/x/"))


@pytest.mark.django_db
def test_pages_for_people_obey_the_policy(client):
    person = make_person()
    client.force_login(person)
    for path in PEOPLE:
        response = client.get(f"/accounts/{path}")
        assert response.status_code == 200
        assert_clean(response)
    for name in ("new@example.org", "nonsense"):
        assert_clean(
            client.post("/accounts/email/", {"email": name, "action_add": ""}, follow=True)
        )


@pytest.mark.django_db
def test_activation_pages_obey_the_content_security_policy(client):
    person = make_person(activated=False)
    client.post("/accounts/login/", {"login": person.email, "password": "correct horse battery"})
    [path] = {
        f"/activate/{part.split('/')[0]}/"
        for letter in letters_to(person.email)
        for part in letter.body.split("/activate/")[1:]
    }
    for response in (
        client.get("/accounts/confirm-email/"),
        client.get(path),
        client.post(path),
        client.get(path),
    ):
        assert response.status_code == 200
        assert_clean(response)


@pytest.mark.django_db
def test_pages_for_admins_obey_the_policy(client):
    admin = make_admin()
    client.force_login(admin)
    assert_clean(client.get("/administration/roles/"))
    for path in (
        "",
        "accounts/user/",
        "accounts/user/add/",
        f"accounts/user/{admin.pk}/change/",
        "eventflow/mail/",
        "eventflow/auditentry/",
    ):
        response = client.get(f"/admin/{path}")
        assert response.status_code == 200
        assert_clean(response)


def test_every_mail_has_both_forms():
    folder = Path(settings.BASE_DIR) / "templates" / "mail"
    texts = {path.relative_to(folder).with_suffix("") for path in folder.rglob("*.txt")}
    assert texts
    assert [name for name in texts if not (folder / name).with_suffix(".html").is_file()] == []


@pytest.mark.django_db
def test_mails_load_nothing_from_anywhere():
    client, person = Client(), make_person()
    client.post("/accounts/password/reset/", {"email": person.email})
    html = str(letters_to(person.email)[0].alternatives[0].content)
    assert not [word for word in ("src=", "url(", "<link", "<script", "@import") if word in html]


def test_no_link_saves_as_a_file_whatever_comes():
    """`download` would save the log-in page too. What a file is says its own header."""
    templates = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    links = [link for file in templates for link in re.findall(r"<a\b[^>]*>", file.read_text())]
    assert len(links) > 100
    assert not [link for link in links if re.search(r"\sdownload[\s=>]", link)]
