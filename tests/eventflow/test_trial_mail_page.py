"""The page of a trial that shows the mail that was not sent."""

import pytest
from django.conf import settings
from django.core.mail import mailers
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from eventflow.mail.letters import Attachment, Letter
from tests.support.page_checks import inline_code_in, policy_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(settings, tmp_path):
    """Two mails of one connection and one of another, as the file backend leaves them."""
    settings.MAILERS = {
        "default": {
            "BACKEND": "eventflow.mail.files.PrivateFileBackend",
            "OPTIONS": {"file_path": str(tmp_path)},
        }
    }
    html = '<p style="color:red">Hello</p><script>alert(1)</script>'
    letters = [
        Letter("First", "Open https://tickets.example/activate/x/ now.\n", html),
        Letter(
            "Zażółć",
            "<script>alert(2)</script>\n",
            attachments=[Attachment("ticket.pdf", b"%PDF-\x00\xff", "application/pdf")],
        ),
    ]
    mailers.default.send_messages(
        [
            letter.as_message(to="maja@example.org", message_id=f"<{n}@x>")
            for n, letter in enumerate(letters)
        ]
    )
    (tmp_path / "secret.txt").write_text("do not show")
    return tmp_path


def test_dev_mail_exists_only_where_no_mail_is_sent():
    try:
        resolve("/dev/mail/")
        there = True
    except Resolver404:
        there = False
    assert there is settings.DEV_MAIL is (settings.TRIAL and not settings.EMAIL_HOST_GIVEN)


@pytest.fixture
def local():
    """A browser on the machine that tries EventFlow out."""
    return Client(headers={"host": "localhost:8000"})


@pytest.mark.urls("tests.support.dev_urls")
def test_dev_mail_is_for_the_machine_itself(local, written):
    name = local.get("/dev/mail/").context["mails"][0].name
    for path in (
        "/dev/mail/",
        f"/dev/mail/{name}/",
        f"/dev/mail/{name}/html/",
        f"/dev/mail/{name}/0/",
    ):
        assert local.get(path).status_code == 200
        assert local.get(path, REMOTE_ADDR="192.0.2.7").status_code == 404
        assert local.get(path, headers={"host": "testserver"}).status_code == 404


@pytest.mark.urls("tests.support.dev_urls")
def test_dev_mail_lists_and_shows_what_was_written(local, written):
    inbox = local.get("/dev/mail/")
    assert [mail.message["Subject"] for mail in inbox.context["mails"]] == ["Zażółć", "First"]
    second, first = inbox.context["mails"]
    page = local.get(reverse("dev_message", args=[first.name]))
    assert '<a href="https://tickets.example/activate/x/" rel="nofollow">' in page.text
    assert inline_code_in(page) == []
    page = local.get(reverse("dev_message", args=[second.name]))
    assert "&lt;script&gt;alert(2)" in page.text
    assert "ticket.pdf" in page.text


@pytest.mark.urls("tests.support.dev_urls")
def test_dev_mail_shows_html_in_a_cage(local, written):
    first = local.get("/dev/mail/").context["mails"][1]
    page = local.get(reverse("dev_message", args=[first.name]))
    assert "sandbox></iframe>" in page.text
    assert policy_of(page)["frame-src"] == "'self'"
    frame = local.get(reverse("dev_html", args=[first.name]))
    assert policy_of(frame) == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "frame-ancestors": "'self'",
    }
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "<p style=" in frame.text


@pytest.mark.urls("tests.support.dev_urls")
def test_dev_mail_hands_out_attachments_as_files(local, written):
    second = local.get("/dev/mail/").context["mails"][0]
    response = local.get(reverse("dev_attachment", args=[second.name, 0]))
    assert b"".join(response.streaming_content) == b"%PDF-\x00\xff"
    assert response["Content-Disposition"] == 'attachment; filename="ticket.pdf"'
    assert local.get(reverse("dev_attachment", args=[second.name, 1])).status_code == 404


@pytest.mark.urls("tests.support.dev_urls")
@pytest.mark.parametrize(
    "name", ["secret.txt", "..", "%2e%2e%2fsecret.txt", "x", "20260101-000000-1-0"]
)
def test_dev_mail_reads_no_other_file(local, written, name):
    for path in (f"/dev/mail/{name}/", f"/dev/mail/{name}/html/", f"/dev/mail/{name}/0/"):
        assert local.get(path).status_code == 404


@pytest.mark.urls("tests.support.dev_urls")
def test_dev_mail_is_empty_before_the_first_mail(local, settings, tmp_path):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(tmp_path / "none")},
        }
    }
    assert "Nothing yet." in local.get("/dev/mail/").text


@pytest.mark.urls("tests.support.dev_urls")
@pytest.mark.parametrize(
    ("words", "subjects"),
    [("MAJA zażółć", ["Zażółć"]), ("maja@example.org", ["Zażółć", "First"]), ("jan@", [])],
)
def test_dev_mail_is_searched_by_address_and_subject(local, written, words, subjects):
    inbox = local.get("/dev/mail/", {"q": words})
    assert [mail.message["Subject"] for mail in inbox.context["mails"]] == subjects
    assert inline_code_in(inbox) == []
