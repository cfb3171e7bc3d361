"""The deletion of an account: erases what identifies a person, and keeps the row without a name."""

import json

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import mails, signals
from accounts.access import delete_unverified_addresses
from accounts.models import FormerAddress, LoginSession, User
from accounts.roles import check_not_last_admin
from eventflow import mail
from eventflow.core import audit

# Sessions read at once.
BATCH = 500


def delete_account(person: User) -> None:
    """Release the person's seats, erase their personal data and end all access.

    The row stays without name and address, so that counts stay right and the audit log can refer
    to it; the address is free for a new account. One last mail confirms the deletion.
    Refused: `organizes_events` (by the app events), `last_admin`.
    """
    # Read before any lock is held, for all sessions are read. One that begins meanwhile gives no
    # access, because its person is inactive.
    sessions = session_keys_of(person)
    with transaction.atomic():
        signals.account_deleting.send(sender=User, person=person)
        check_not_last_admin(person)
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.is_deleted:  # the button was pressed twice
            return
        address, language = person.email, person.language
        delete_unverified_addresses(person)
        mail.erase_addresses({address})
        Session.objects.filter(pk__in=sessions).delete()
        LoginSession.objects.filter(person=person).delete()
        FormerAddress.objects.filter(person=person).delete()
        delete_allauth_records(person)
        erase_person(person)
        audit.record("account.delete", person, by=person)
        mail.queue_to_address(
            mails.account_deleted, address=address, language=language, args={}, farewell=True
        )


def session_keys_of(person: User) -> list[str]:
    """Return the keys of all sessions that are the person's or hold their address.

    Whose session it is stands inside its encoded data, so all are read and decoded.
    """
    address = json.dumps(person.email)

    def is_of_person(session: Session) -> bool:
        data = session.get_decoded()
        return data.get(SESSION_KEY) == str(person.pk) or address in json.dumps(data)

    return [session.pk for session in Session.objects.iterator(BATCH) if is_of_person(session)]


def delete_allauth_records(person: User) -> None:
    """Delete the person's rows in allauth's tables: e-mail addresses, second factors."""
    for relation in User._meta.related_objects:
        if relation.related_model.__module__.startswith("allauth."):
            rows = relation.related_model._default_manager.filter(**{relation.field.name: person})
            rows.delete()


def erase_person(person: User) -> None:
    """Erase name, address and settings from the row, and the name from Django's admin log."""
    about_person = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk)
    )
    about_person.update(object_repr="", change_message="")
    person.first_name = person.last_name = person.time_zone = ""
    person.email, person.password = person.deleted_address, make_password(None)
    person.is_active, person.role, person.last_login = False, User.Role.USER, None
    person.save()
