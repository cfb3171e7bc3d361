"""Activation: how an e-mail address is verified and becomes the one that a person logs in with."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import mails, signals, signed_links
from accounts.mail_limits import may_mail, may_mail_replacement
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused


def send_activation_link(address: EmailAddress, *, is_replacement: bool = False) -> None:
    """Queue the mail with the link that verifies this address, unless one was queued just now.

    `is_replacement`: another sign-up made the earlier links useless. Then a new one is due at
    once, but only a few times an hour.
    """
    is_due = may_mail_replacement if is_replacement else may_mail
    if is_due("activation", address.email):
        language, args = address.user.language, {"address": address.pk}
        mail.queue_to_address(mails.activation, address=address.email, language=language, args=args)


def activate(key: str) -> tuple[EmailAddress, bool]:
    """Verify the address behind the key of a mailed link.

    Returns the address, and whether this call verified it: a second one changes nothing.
    Refused: `activation_invalid`, `email_taken`.
    """
    message = _("This link does not work any more. Ask for a new one.")
    invalid = Refused("activation_invalid", message)
    address = signed_links.address_from_key(key)
    if address is None:
        raise invalid
    try:
        with transaction.atomic():
            # Checked again under the lock: a sign-up may have replaced the password meanwhile.
            User.objects.select_for_update(no_key=True).get(pk=address.user_id)
            address = signed_links.address_from_key(key)
            if address is None:
                raise invalid
            return address, verify_address(address, by=address.user)
    except User.DoesNotExist:  # deleted just now, for the verified owner of the address
        raise invalid from None
    except IntegrityError:
        raise Refused("email_taken", _("This address belongs to another account by now.")) from None


def activate_by_admin(person: User, *, by: User) -> bool:
    """Verify the person's address on an Admin's word. Returns False if it was verified already."""
    address = EmailAddress.objects.filter(user=person, primary=True, verified=False).first()
    return verify_address(address, by=by) if address else False


@transaction.atomic
def verify_address(address: EmailAddress, *, by: User) -> bool:
    """Mark the address as verified and make it the person's only one. False if it was already.

    An address that the person had before gets a mail, with a link that undoes the change.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=address.user_id)
    address.refresh_from_db(fields=["verified"])
    if address.verified:
        return False
    others = EmailAddress.objects.filter(user=person).exclude(pk=address.pk)
    former = others.filter(verified=True).first()
    others.delete()
    if person.email != address.email:
        delete_unverified_account(address.email)
    address.verified = address.primary = True
    address.save()
    person.email, person.was_signed_up_again = address.email, False
    person.save(update_fields=["email", "was_signed_up_again"])
    signals.address_verified.send(sender=User, person=person)
    audit.record("account.change_email" if former else "account.activate", person, by=by)
    if former is not None:
        record_former_address(person, former.email)
        notify_former_address(person, former.email)
    return True


def delete_unverified_account(email: str) -> None:
    """Delete the account of an unverified sign-up with this address, for its verified owner.

    An account with a verified address stays. Call it in a transaction.
    """
    pending = User.objects.select_for_update().filter(email=email).first()
    if pending and not EmailAddress.objects.filter(user=pending, verified=True).exists():
        pending.delete()


def record_former_address(person: User, email: str) -> None:
    """Let this address undo a change of address, once, for `signed_links.UNDO_PERIOD`."""
    defaults = {"made": timezone.now()}
    FormerAddress.objects.update_or_create(person=person, email=email, defaults=defaults)


def notify_former_address(person: User, email: str) -> None:
    mail.queue_to_address(
        mails.email_changed,
        address=email,
        language=person.language,
        args={"person": person.pk, "before": email},
    )
