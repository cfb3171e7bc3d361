"""The mails about an account. Each builder looks at the account as it is when the mail leaves."""

from allauth.account import app_settings
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from accounts import links
from accounts.models import FormerAddress, User
from eventflow.mail import Letter


def activation(address: int, replaced: bool = False) -> Letter | None:
    """The link that proves the address is theirs. None once it is proven, or was given up for another.

    Warns where sign-ups replaced each other, whatever the mail was queued for: it holds the newest
    link. (`replaced` stands in mails that an earlier version queued.)
    """
    proof = EmailAddress.objects.select_related("user").filter(pk=address, verified=False).first()
    if proof is None:
        return None
    facts = {
        "person": proof.user,
        "url": links.activation_url(proof),
        "days": app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS,
        "replaced": replaced or proof.user.was_signed_up_again,
    }
    return Letter.render("account/activation" if proof.primary else "account/new_address", facts)


def account_exists(person: int) -> Letter | None:
    """For an owner whose address was used to sign up again: what to do if it was them, or not."""
    owner = User.objects.filter(pk=person).first()
    if owner is None:
        return None
    return Letter.render("account/account_exists", {"person": owner})


def role_changed(person: int, role: str, before: str) -> Letter | None:
    """What somebody may do from now on. None once they have another role. `before`: the role that they know of."""
    theirs = User.objects.filter(pk=person, role=role).first()
    if theirs is None:
        return None
    panel = settings.SITE_URL + reverse("events:panel")
    return Letter.render(
        "account/role_changed", {"role": role, "url": panel if theirs.is_organizer else ""}
    )


def unknown_account() -> Letter:
    """For an address that asked for a link and belongs to nobody."""
    return Letter.render("account/unknown_account", {})


def address_asked(person: int, before: str) -> Letter | None:
    """To the old address, `before`, while another one waits to be proven. None once the change is over."""
    owner = User.objects.filter(pk=person).first()
    wanted = EmailAddress.objects.filter(user=person, verified=False, primary=False).first()
    former = FormerAddress.objects.filter(person=person, email=before).first()
    if owner is None or wanted is None or former is None or owner.email != before:
        return None
    facts = {"email": wanted.email, "url": links.take_back_url(former)}
    return Letter.render("account/address_asked", facts | {"days": links.TAKE_BACK.days})


def email_changed(person: int, before: str) -> Letter | None:
    """To the address that was left behind: `before`. None once the account was taken back."""
    former = (
        FormerAddress.objects.select_related("person").filter(person=person, email=before).first()
    )
    if former is None:
        return None
    facts = {"person": former.person, "url": links.take_back_url(former)}
    return Letter.render("account/email_changed", facts | {"days": links.TAKE_BACK.days})


def choose_password(person: int) -> Letter | None:
    """For an owner who took the account back and has no password now."""
    owner = User.objects.filter(pk=person).first()
    if owner is None:
        return None
    key = f"{user_pk_to_url_str(owner)}-{default_token_generator.make_token(owner)}"
    return Letter.render(
        "account/password_reset_key", {"password_reset_url": new_password_url(key)}
    )


def new_password_url(key: str) -> str:
    """On the address we are known by, whatever the request called us."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.SITE_URL + path.replace("UID-KEY", key)


def account_deleted() -> Letter:
    """The last one, to whom nobody here remembers."""
    return Letter.render("account/account_deleted", {})


def rendered(subject: str, text: str, html: str) -> Letter:
    """A mail that was worded when it was queued. Its words are forgotten once it is sent."""
    return Letter(subject, text, html)
