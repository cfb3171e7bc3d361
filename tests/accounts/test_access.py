"""Revocation of access: which sessions, tokens and addresses a security change ends."""

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts import access, deletion, signals
from accounts.models import User
from eventflow import mail
from eventflow.core.audit import AuditEntry
from tests.accounts.test_second_factor import SECRET, code_for, confirm_password, log_in, set_up_app
from tests.eventflow.api.clients import Api, refused, sign_in
from tests.support import mail_builders
from tests.support.factories import PASSWORD, make_admin, make_person
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words

pytestmark = pytest.mark.django_db
NEW, OTHER = "quite another password", "the words of somebody else"


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def announced():
    """The people whose access was revoked, as a receiver of the signal gets them."""
    people = []

    def hear(person, **kwargs):
        assert transaction.get_connection().in_atomic_block
        people.append(person.pk)

    signals.access_revoked.connect(hear)
    yield people
    signals.access_revoked.disconnect(hear)


def is_logged_in(browser):
    return browser.get(reverse("accounts:settings")).status_code == 200


def token_works(token):
    return Api(token=token).get("/users/me/").status_code == 200


def change_password(browser, person):
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    browser.post(reverse("account_change_password"), fields)


def reset_password(browser, person):
    browser.post(reverse("account_reset_password"), {"email": person.email})
    form = browser.get(link_in(letters_to(person.email)[-1], "/reset/key/")).url
    assert browser.post(form, {"password1": NEW, "password2": NEW}).status_code == 302


def add_app(browser, person):
    assert set_up_app(browser)[2].status_code == 302


def remove_app(browser, person):
    confirm_password(browser)
    assert browser.post(reverse("mfa_deactivate_totp")).status_code == 302


def renew_recovery_codes(browser, person):
    confirm_password(browser)
    assert browser.post(reverse("mfa_generate_recovery_codes")).status_code == 302


def log_in_with_code(browser, person):
    log_in(browser, person)
    browser.post(reverse("mfa_authenticate"), {"code": code_for(SECRET)})


CHANGES = [
    (change_password, "password.change", True),
    (reset_password, "password.reset", False),
    (add_app, "second_factor.add", True),
    (remove_app, "second_factor.remove", True),
    (renew_recovery_codes, "second_factor.add", True),
]


@pytest.mark.parametrize(
    ("change", "action", "stays"), CHANGES, ids=[change.__name__ for change, *_ in CHANGES]
)
def test_security_change_revokes_everything_but_the_browser_that_made_it(
    announced, change, action, stays
):
    person, here, elsewhere, stranger = make_person(), Client(), Client(), make_person()
    bystander = sign_in(stranger)
    pair = sign_in(person)
    if change in {remove_app, renew_recovery_codes}:
        totp.TOTP.activate(person, SECRET)
        RecoveryCodes.activate(person)
    elsewhere.force_login(person)
    log_in_with_code(here, person) if Authenticator.objects.exists() else log_in(here, person)
    person.refresh_from_db()
    has_tokens = token_works(pair["access"])
    pending = EmailAddress.objects.create(user=person, email="pending@example.org")
    announced.clear()
    change(here, person)
    assert person.pk in announced
    assert {*announced} == {person.pk}
    assert is_logged_in(here) is stays
    assert not is_logged_in(elsewhere)
    if has_tokens:
        assert not token_works(pair["access"])
        refreshed = Api().post("/token/refresh/", {"refresh": pair["refresh"]})
        assert refused(refreshed) == (401, "token_invalid")
    assert not EmailAddress.objects.filter(pk=pending.pk).exists()
    assert EmailAddress.objects.get(user=person).verified
    assert AuditEntry.objects.filter(action=action, target_id=person.pk, by=person).exists()
    assert token_works(bystander["access"]), "other people notice nothing"


@pytest.mark.both
def test_log_out_everywhere_revokes_other_sessions_and_tokens(announced):
    person, here, elsewhere = make_person(), Client(), Client()
    pair = sign_in(person)
    here.force_login(person)
    elsewhere.force_login(person)
    access.log_out_everywhere(person)
    assert announced == [person.pk]
    assert not is_logged_in(elsewhere)
    assert not token_works(pair["access"])
    assert AuditEntry.objects.latest("pk").action == "sessions.end"


def test_factor_removed_by_an_admin_revokes_its_owners_sessions(announced):
    admin, person, browser, elsewhere = make_admin(), make_person(), Client(), Client()
    totp.TOTP.activate(person, SECRET)
    elsewhere.force_login(type(person).objects.get(pk=person.pk))
    browser.force_login(admin)
    announced.clear()
    step = Authenticator.objects.get()
    browser.post(reverse("admin:mfa_authenticator_delete", args=[step.pk]), {"post": "yes"})
    assert announced == [person.pk]
    assert not is_logged_in(elsewhere)
    assert browser.get("/admin/").status_code == 200


def test_address_of_an_inactive_account_stays():
    person = make_person(activated=False)
    access.log_out_everywhere(person)
    assert EmailAddress.objects.get().email == person.email


def queue_note(address, subject):
    mail.queue_to_address(
        mail_builders.note, address=address, language="en", args={"subject": subject}
    )


@pytest.mark.parametrize("give_up", [access.log_out_everywhere, deletion.delete_account])
def test_mail_for_the_owner_of_an_address_survives_another_persons_request(give_up):
    """Otherwise anybody could drop a stranger's mails by requesting their address."""
    make_person(email="owner@example.org")
    queue_note("owner@example.org", "Your ticket")
    person = make_person()
    for email in ("owner@example.org", "nobody@example.org"):
        EmailAddress.objects.create(user=person, email=email)
    queue_note("nobody@example.org", "A link")
    give_up(person)
    assert [letter.subject for letter in letters_to("owner@example.org")] == ["Your ticket"]
    assert letters_to("nobody@example.org") == []


@pytest.mark.both
def test_security_change_is_undone_if_a_receiver_raises():
    person, before = make_person(), make_person().password

    def refuse(**kwargs):
        raise LookupError

    before = person.password
    signals.access_revoked.connect(refuse)
    try:
        with pytest.raises(LookupError):
            access.change_password(person, NEW)
    finally:
        signals.access_revoked.disconnect(refuse)
    person.refresh_from_db()
    assert person.password == before
    assert person.access_version == 0


def test_session_from_before_the_access_version_stays_valid(client):
    """The column was added later: an upgrade logs nobody out."""
    person = make_person()
    client.force_login(person)
    assert "." not in client.session["_auth_user_hash"]
    assert is_logged_in(client)


def during_hashing(monkeypatch, deed):
    """Run `deed` between the check of the password or the link, and the lock."""
    encode, begun = MD5PasswordHasher.encode, list[str]()

    def encode_and_lose_the_race(self, password, salt):
        if password == NEW and not begun:
            begun.append(password)
            deed()
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode_and_lose_the_race)


def reset_link(browser, person):
    """Return the URL of the form behind the mailed link."""
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    return browser.get(path).url


def working_passwords(person, *passwords):
    person.refresh_from_db()
    return [password for password in passwords if person.check_password(password)]


@pytest.mark.both
def test_reset_link_works_once_for_two_simultaneous_requests(monkeypatch):
    person, first, second = make_person(language="en"), Client(), Client()
    forms = [reset_link(browser, person) for browser in (first, second)]
    fields = {"password1": OTHER, "password2": OTHER}
    during_hashing(monkeypatch, lambda: second.post(forms[1], fields))
    late = first.post(forms[0], {"password1": NEW, "password2": NEW})
    assert all_words(late, "//h1") == ["This link does not work any more"]
    assert working_passwords(person, NEW, OTHER) == [OTHER]
    assert AuditEntry.objects.filter(action="password.reset").count() == 1


def test_reset_link_is_refused_for_a_deleted_person(monkeypatch):
    person, browser = make_person(language="en", activated=False), Client()
    form = reset_link(browser, person)
    during_hashing(monkeypatch, lambda: User.objects.filter(pk=person.pk).delete())
    late = browser.post(form, {"password1": NEW, "password2": NEW})
    assert all_words(late, "//h1") == ["This link does not work any more"]


@pytest.mark.both
def test_password_change_is_refused_if_access_was_revoked_meanwhile(monkeypatch):
    """An intruder with the old password sends the form while the owner undoes the change."""
    person, intruder = make_person(language="en"), Client()
    log_in(intruder, person)
    owner = Client()
    form = reset_link(owner, User.objects.get(pk=person.pk))
    during_hashing(monkeypatch, lambda: owner.post(form, {"password1": OTHER, "password2": OTHER}))
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    late = intruder.post(reverse("account_change_password"), fields)
    assert late.status_code == 409
    assert working_passwords(person, PASSWORD, NEW, OTHER) == [OTHER]
    assert not is_logged_in(intruder)
