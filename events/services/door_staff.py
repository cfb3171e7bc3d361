"""Who may check tickets in at one event: invite them, take the right away."""

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.mail_limits import may_mail
from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.core.text import email_key
from events import mails, signals
from events.models import DoorStaff, Event


@transaction.atomic
def add_door_staff(event: Event, *, email: str, by: User) -> DoorStaff:
    """Let the person with this address check tickets in at this event, and send them a mail.

    An address without an account is invited: the right begins when a person proves the address.
    A second time changes nothing. Refused: event_cancelled, event_over.
    """
    check_is_coming(event)
    email = email_key(email)
    person = User.objects.filter(email=email, is_active=True).first()
    same = Q(email=email) | Q(person=person) if person else Q(email=email)
    staff = event.doorstaff_set.filter(same).first()
    if staff is None:
        staff = DoorStaff.objects.create(event=event, email=email, person=person, added_by=by)
        audit.record("door_staff.add", event, by=by, staff=staff.pk)
        mail_door_staff(staff)
    return staff


def mail_door_staff(staff: DoorStaff) -> None:
    """Queue the invitation, within the limit of mails to one address."""
    language = staff.person.language if staff.person else get_language() or settings.LANGUAGE_CODE
    if may_mail(f"door:{staff.event_id}", staff.email):
        mail.queue_to_address(
            mails.door_staff, address=staff.email, language=language, args={"staff": staff.pk}
        )


@transaction.atomic
def remove_door_staff(staff: DoorStaff, *, by: User) -> None:
    """Take the right to check in away, at once; or the invitation back."""
    audit.record("door_staff.remove", staff.event, by=by, staff=staff.pk)
    if staff.person:
        signals.door_staff_removed.send(
            sender=DoorStaff, event=staff.event, person=staff.person, by=by
        )
    staff.delete()


def mark_accepted(event: Event, person: User) -> None:
    """Record that an invited person has begun to check in: the organizer now sees who it is."""
    invited = event.doorstaff_set.filter(person=person, accepted=None)
    invited.update(accepted=timezone.now())


def accept_invitations(person: User) -> None:
    """Give a person who has proven an address what it was invited to.

    Runs in the caller's transaction.
    """
    invited = DoorStaff.objects.filter(email=person.email, person=None)
    invited.exclude(event__doorstaff__person=person).update(person=person, accepted=timezone.now())
    # The person is door staff there already, under another address.
    invited.delete()


def check_is_coming(event: Event) -> None:
    """Refused: event_cancelled, event_over, because nobody checks tickets in any more."""
    if event.is_cancelled:
        raise Refused("event_cancelled", _("This event is cancelled."))
    if event.is_past:
        raise Refused("event_over", _("This event is over."))
