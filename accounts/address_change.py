"""The change of the address that a person logs in with, and how its old owner undoes it."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import activation, mails, signed_links
from accounts.access import delete_unverified_addresses, revoke_access
from accounts.mail_limits import may_mail
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused


@transaction.atomic
def request_address_change(person: User, email: str) -> EmailAddress:
    """Mail the new address a link that verifies it, and the old one a link that undoes the change.

    Only the newest address that a person requested can become theirs. The caller has made sure
    that it is the person who asks.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    delete_unverified_addresses(person)
    address = EmailAddress.objects.create(user=person, email=email)
    activation.send_activation_link(address)
    activation.record_former_address(person, person.email)
    if may_mail("address_asked", person.email):
        args = {"person": person.pk, "before": person.email}
        mail.queue(mails.address_asked, to=person, args=args, priority=mail.HIGH_PRIORITY)
    audit.record("address.ask", person, by=person)
    return address


def undo_address_change(token: str) -> User:
    """Give the account back to the former address whose owner opened this link.

    Afterwards nobody is logged in, and no password works until the owner chooses a new one with the
    link that is mailed to them. Second factors that were added while the link works are deleted,
    for they may be an intruder's. The link works once, and no link of an address that the account
    had later works afterwards.
    Refused: `take_back_invalid`, `email_taken`.
    """
    former = signed_links.former_address_from_token(token)
    if former is None:
        raise undo_link_invalid()
    try:
        return restore_address(former)
    except IntegrityError:
        message = _("This address belongs to another account by now.")
        raise Refused("email_taken", message) from None


def undo_link_invalid() -> Refused:
    return Refused("take_back_invalid", _("This link does not work any more."))


@transaction.atomic
def restore_address(former: FormerAddress) -> User:
    """Make this former address the account's only one. Checks the link again under the lock."""
    person = User.objects.select_for_update(no_key=True).get(pk=former.person_id)
    addresses = FormerAddress.objects.filter(person=person)
    if person.is_deleted or not addresses.filter(pk=former.pk).exists():
        raise undo_link_invalid()
    addresses.filter(pk__gte=former.pk).delete()
    if person.email != former.email:
        activation.delete_unverified_account(former.email)
        EmailAddress.objects.filter(user=person).delete()
        EmailAddress.objects.create(user=person, email=former.email, primary=True, verified=True)
        person.email = former.email
    person.set_unusable_password()
    person.save(update_fields=["email", "password"])
    period_start = timezone.now() - signed_links.UNDO_PERIOD
    Authenticator.objects.filter(user=person, created_at__gte=period_start).delete()
    revoke_access(person, "address.take_back", by=person)
    args = {"person": person.pk}
    mail.queue(mails.choose_password, to=person, args=args, priority=mail.HIGH_PRIORITY)
    return person
