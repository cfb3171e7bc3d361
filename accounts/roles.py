"""Roles: who grants which, and the rule that one active Admin always remains."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import mails
from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused


@transaction.atomic
def grant_role(person: User, role: str, *, by: User) -> User:
    """Replace the person's role; it counts from their next request. Refused: `last_admin`."""
    if role != User.Role.ADMIN:
        check_not_last_admin(person)
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    before, person.role = person.role, role
    if before != role:
        person.save(update_fields=["role"])
        audit.record("role.grant", person, by=by, before=before, after=role)
        queue_role_mail(person, before)
    return person


def queue_role_mail(person: User, before: str) -> None:
    """Queue the mail that tells the person their new role, and recall an older one.

    It leaves after MAIL_DECISION_DELAY_SECONDS. If the role that the person knows of is granted
    again until then, no mail leaves.
    """
    waiting = mail.waiting(mails.role_changed, person=person.pk)
    known = waiting["before"] if waiting else before
    mail.recall(mails.role_changed, person=person.pk)
    if person.role != known:
        args = {"person": person.pk, "role": person.role, "before": known}
        delay = settings.MAIL_DECISION_DELAY_SECONDS
        mail.queue(mails.role_changed, to=person, args=args, delay=delay)


def set_organizer(person: User, may_organize: bool, *, by: User) -> User:
    """Let the person create events, or no longer.

    Refused: `admin_organizes` for an Admin, who may always; `last_admin`.
    """
    if may_organize:
        return person if person.is_organizer else grant_role(person, User.Role.ORGANIZER, by=by)
    if person.is_admin:
        message = _("An Admin can always organize. Give this person another role instead.")
        raise Refused("admin_organizes", message)
    return grant_role(person, User.Role.USER, by=by)


def check_not_last_admin(person: User) -> None:
    """Refuse (`last_admin`) if this person is the only active Admin. Call it in a transaction.

    Locks all Admins, always in the same order: two Admins who demote each other at once would
    otherwise both count one left. (`no_key`, so that rows which only refer to them can be added.)
    """
    admins = User.objects.filter(role=User.Role.ADMIN, is_active=True).order_by("pk")
    if [admin.pk for admin in admins.select_for_update(no_key=True)] == [person.pk]:
        raise Refused("last_admin", _("This is the only Admin. Make somebody else Admin first."))
