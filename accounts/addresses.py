"""The address that somebody logs in with: asking for another one, and taking the account back."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import links, mails, services
from accounts.access import drop_unproven_addresses, revoke_access
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused


@transaction.atomic
def ask_for_address(person: User, email: str) -> EmailAddress:
    """Send the link that proves the new address, and tell the old one, which can take it back.

    Only the newest address that a person asked for can become theirs. The caller has made sure
    that it is the person who asks.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    drop_unproven_addresses(person)
    address = EmailAddress.objects.create(user=person, email=email)
    services.send_activation(address)
    services.remember_former(person, person.email)
    if services.may_mail("address_asked", person.email):
        args = {"person": person.pk, "before": person.email}
        mail.queue(mails.address_asked, to=person, args=args, priority=mail.FIRST_IN_LINE)
    audit.record("address.ask", person, by=person)
    return address


def take_back(token: str) -> User:
    """The owner of the old address says that they did not ask for another one.

    The account has its old address again, nobody is logged in, and no password opens it until
    the owner chooses a new one with the link that is mailed to them. A second step that was added
    while the link works is taken away, for it may be the intruder's. The link works once, and no
    link of an address that the account had later works afterwards: the owner's word is the last.
    Refused: `take_back_invalid`, `email_taken`.
    """
    former = links.former_address_behind(token)
    if former is None:
        raise take_back_invalid()
    try:
        return restore(former)
    except IntegrityError:
        message = _("This address belongs to another account by now.")
        raise Refused("email_taken", message) from None


def take_back_invalid() -> Refused:
    return Refused("take_back_invalid", _("This link does not work any more."))


@transaction.atomic
def restore(former: FormerAddress) -> User:
    """Give the account back to this address. The link is judged again here, under the person's lock."""
    person = User.objects.select_for_update(no_key=True).get(pk=former.person_id)
    kept = FormerAddress.objects.filter(person=person)
    if person.is_deleted or not kept.filter(pk=former.pk).exists():
        raise take_back_invalid()
    kept.filter(pk__gte=former.pk).delete()
    if person.email != former.email:
        services.give_way(former.email)
        EmailAddress.objects.filter(user=person).delete()
        EmailAddress.objects.create(user=person, email=former.email, primary=True, verified=True)
        person.email = former.email
    person.set_unusable_password()
    person.save(update_fields=["email", "password"])
    added = timezone.now() - links.TAKE_BACK
    Authenticator.objects.filter(user=person, created_at__gte=added).delete()
    revoke_access(person, "address.take_back", by=person)
    mail.queue(
        mails.choose_password, to=person, args={"person": person.pk}, priority=mail.FIRST_IN_LINE
    )
    return person
