"""The end of an account: what is given back, what is forgotten, what stays without a name."""

import json

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import mails, signals
from accounts.access import drop_unproven_addresses
from accounts.models import FormerAddress, LoginSession, User
from accounts.services import spare_last_admin
from eventflow import mail
from eventflow.core import audit

# Sessions read at once.
BATCH = 500


def leave(person: User) -> None:
    """Delete this person's account: their places go on to others, name and address are forgotten, nothing logs them in again.

    The row stays, so that numbers still add up and deeds stay explained; the address is free for a new account.
    Refused: organizes_events, last_admin.
    """
    # Before any lock is held, for it reads them all. One that begins meanwhile is worth nothing afterwards.
    sessions = sessions_of(person)
    with transaction.atomic():
        signals.person_leaving.send(sender=User, person=person)
        spare_last_admin(person)
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.is_deleted:  # pressed twice
            return
        address, language = person.email, person.language
        drop_unproven_addresses(person)
        mail.forget({address})
        Session.objects.filter(pk__in=sessions).delete()
        LoginSession.objects.filter(person=person).delete()
        FormerAddress.objects.filter(person=person).delete()
        forget_keys(person)
        scrub(person)
        audit.record("account.delete", person, by=person)
        mail.queue_to_address(
            mails.account_deleted, address=address, language=language, args={}, farewell=True
        )


def sessions_of(person: User) -> list[str]:
    """The keys of all sessions, in browsers and behind tokens, that are this person's or hold their address. Whose one is stands inside it."""
    address = json.dumps(person.email)

    def theirs(session: Session) -> bool:
        kept = session.get_decoded()
        return kept.get(SESSION_KEY) == str(person.pk) or address in json.dumps(kept)

    return [session.pk for session in Session.objects.iterator(BATCH) if theirs(session)]


def forget_keys(person: User) -> None:
    """Delete what allauth keeps of them: addresses, and whatever else proves who they are."""
    for relation in User._meta.related_objects:
        if relation.related_model.__module__.startswith("allauth."):
            relation.related_model._default_manager.filter(**{relation.field.name: person}).delete()


def scrub(person: User) -> None:
    """Leave a row that says nothing about anybody. Django's admin wrote the name into its log too."""
    about_them = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk)
    )
    about_them.update(object_repr="", change_message="")
    person.first_name = person.last_name = person.time_zone = ""
    person.email, person.password = person.address_afterwards, make_password(None)
    person.is_active, person.role, person.last_login = False, User.Role.USER, None
    person.save()
