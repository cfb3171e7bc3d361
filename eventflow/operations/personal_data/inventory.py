"""Which column of which table holds personal data, where it is exported, and what deletes it.

`TABLES` lists every table of the database and every column of it, those of Django, allauth and
other libraries included. The tests compare it with the models, with the exported file, with what
the deletion of an account leaves, and with what is pruned: a new column or table fails them until
it is listed here. It is long because it is one table: whoever adds a column finds one place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet

from accounts.deletion import session_keys_of
from accounts.models import FormerAddress, LoginSession, User
from eventflow.api import idempotency
from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from events.models import DoorStaff, Event
from tickets.models import Announcement, Device, OrganizerLetter, Reservation, Scan, Ticket

# Columns, separated by spaces, and what is said of them.
type Columns = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """What one table holds about people, and how long.

    Every column is in one of three groups: `exported` with section and key of the file; `withheld`,
    which is personal and not in the file, with the reason; `impersonal`, with the reason.

    `rows` returns a person's rows. If the account is deleted they are deleted (`is_deleted`), or
    the columns `erased` are emptied and all other personal ones stay for the reason in `remaining`.

    `pruned` is the name under which `eventflow.jobs.schedule.prune` deletes old rows; else `kept`
    says how long they stay.
    """

    impersonal: Columns
    rows: Callable[[User], QuerySet] | None = None
    exported: Columns = field(default_factory=dict)
    withheld: Columns = field(default_factory=dict)
    is_deleted: bool = False
    erased: str = ""
    remaining: Columns = field(default_factory=dict)
    pruned: str = ""
    kept: str = ""


UNTIL_DELETION = "until the account is deleted"
NUMBER = "a number that the database counts"
TABLE_OF_DJANGO = Table(impersonal={"*": "what the software itself defines"}, kept="for ever")
WITHOUT_A_NAME = "the person is a number, whose row says nothing after the deletion"


def log_entries_about(person: User) -> QuerySet[LogEntry]:
    people = ContentType.objects.get_for_model(User)
    return LogEntry.objects.filter(content_type=people, object_id=str(person.pk))


def audit_entries_about(person: User) -> QuerySet[AuditEntry]:
    is_target = Q(target_type=User._meta.label_lower, target_id=person.pk)
    return AuditEntry.objects.filter(Q(by=person) | is_target)


ACCOUNTS = {
    "accounts.User": Table(
        rows=lambda person: User.objects.filter(pk=person.pk),
        exported={
            "id": "account.id",
            "email": "account.email",
            "first_name": "account.first_name",
            "last_name": "account.last_name",
            "role": "account.role",
            "language": "account.language",
            "organizer_mail": "account.organizer_mail",
            "time_zone": "account.time_zone",
            "date_joined": "account.date_joined",
            "last_login": "account.last_login",
        },
        withheld={
            "password": "a secret",
            "first_name_folded last_name_folded": "the names once more, for the search",
            "is_active was_signed_up_again": "states of the account, which its pages show",
        },
        impersonal={"access_version": "a count of revocations"},
        erased="first_name last_name first_name_folded last_name_folded time_zone last_login",
        remaining={
            "email password": "replaced by values that nobody can use",
            "id date_joined": "counts stay right, and the audit log can refer to a row",
            "role is_active": "reset to those of nobody",
            "language organizer_mail was_signed_up_again": "one of few values, of nobody now",
        },
        kept=UNTIL_DELETION,
    ),
    "accounts.LoginSession": Table(
        rows=lambda person: LoginSession.objects.filter(person=person),
        exported={
            "device": "logged_in_at.device",
            "is_program": "logged_in_at.is_program",
            "began": "logged_in_at.began",
            "seen": "logged_in_at.seen",
        },
        withheld={"person": "says whose it is", "session_key": "a secret"},
        impersonal={"id": NUMBER, "access_version": "a count of revocations"},
        is_deleted=True,
        pruned="places logged in at",
    ),
    "accounts.FormerAddress": Table(
        rows=lambda person: FormerAddress.objects.filter(person=person),
        exported={"email": "former_addresses.email", "made": "former_addresses.made"},
        withheld={"person": "says whose it is"},
        impersonal={"id": NUMBER},
        is_deleted=True,
        pruned="former addresses",
    ),
    "account.EmailAddress": Table(
        rows=lambda person: EmailAddress.objects.filter(user=person),
        exported={
            "email": "addresses.email",
            "verified": "addresses.verified",
            "primary": "addresses.primary",
        },
        withheld={"user": "says whose it is"},
        impersonal={"id": NUMBER},
        is_deleted=True,
        kept=UNTIL_DELETION,
    ),
    "account.EmailConfirmation": Table(
        rows=lambda person: EmailConfirmation.objects.filter(email_address__user=person),
        withheld={"email_address created sent key": "never written: our links are signed instead"},
        impersonal={"id": NUMBER},
        is_deleted=True,
        kept=UNTIL_DELETION,
    ),
    "mfa.Authenticator": Table(
        rows=lambda person: Authenticator.objects.filter(user=person),
        exported={
            "type": "second_steps.type",
            "data": "second_steps.name",
            "created_at": "second_steps.created_at",
            "last_used_at": "second_steps.last_used_at",
        },
        withheld={"user": "says whose it is"},
        impersonal={"id": NUMBER},
        is_deleted=True,
        kept=UNTIL_DELETION,
    ),
    "sessions.Session": Table(
        rows=lambda person: Session.objects.filter(pk__in=session_keys_of(person)),
        withheld={
            "session_key": "a secret",
            "session_data expire_date": "what they say of the person is in logged_in_at",
        },
        impersonal={},
        is_deleted=True,
        pruned="sessions",
    ),
    "admin.LogEntry": Table(
        rows=log_entries_about,
        withheld={
            "object_repr change_message": "the record of Admins; what they did is in the log",
            "object_id content_type action_flag action_time": "the same",
            "user": "says which Admin it was",
        },
        impersonal={"id": NUMBER},
        erased="object_repr change_message",
        remaining={
            "object_id content_type action_flag action_time user": WITHOUT_A_NAME,
        },
        kept="for ever: what Admins did stays recorded",
    ),
}

OPERATIONS = {
    "eventflow.AuditEntry": Table(
        rows=audit_entries_about,
        exported={
            "at": "log.at",
            "by": "log.by",
            "action": "log.action",
            "target_type": "log.target_type",
            "target_id": "log.target_id",
            "facts": "log.facts",
        },
        impersonal={"id": NUMBER, "request_id": "a random number"},
        remaining={"at by action target_type target_id facts": WITHOUT_A_NAME},
        pruned="log-ins",
    ),
    "eventflow.Mail": Table(
        rows=lambda person: Mail.objects.filter(to=person.email),
        exported={
            "builder": "mails.kind",
            "state": "mails.state",
            "created": "mails.created",
            "sent_at": "mails.sent_at",
        },
        withheld={
            "to": "the address of the account, by which the rows are found",
            "args": "numbers of rows, or a text that is erased when the mail has left",
            "language": "the language of the account",
            "last_error": "what the mail server answered, for the operator",
        },
        impersonal={
            "id message_id attempts": NUMBER,
            "next_attempt_at farewell": "when and how the mail is sent",
        },
        erased="to args last_error",
        remaining={"builder state created sent_at language": "nothing says to whom it was sent"},
        pruned="mails",
    ),
    "eventflow.Replay": Table(
        rows=idempotency.replays_of,
        withheld={
            "who key request": "hashes, from which nobody can read the person",
            "answer status created": "encrypted; the person has got the answer",
        },
        impersonal={"id": NUMBER},
        is_deleted=True,
        pruned="idempotent answers",
    ),
    "eventflow.Worker": Table(impersonal={"id seen_at": "about a process"}, kept="while it runs"),
    "django_tasks_database.DBTaskResult": Table(
        impersonal={
            "id": NUMBER,
            "args_kwargs return_value": "numbers of mails and counts, never a name",
            "status enqueued_at started_at finished_at run_after priority": "about the task",
            "task_path worker_ids queue_name backend_name": "about the task",
            "exception_class_path traceback": "about the program",
        },
        pruned="tasks",
    ),
    "auth.Permission": TABLE_OF_DJANGO,
    "auth.Group": TABLE_OF_DJANGO,
    "auth.Group_permissions": TABLE_OF_DJANGO,
    "contenttypes.ContentType": TABLE_OF_DJANGO,
}

EVENTS = {
    "events.Event": Table(
        rows=lambda person: Event.objects.filter(organizer=person),
        exported={
            "id": "events_organized.id",
            "title": "events_organized.title",
            "description": "events_organized.description",
            "location": "events_organized.location",
            "start_time": "events_organized.start_time",
            "end_time": "events_organized.end_time",
            "time_zone": "events_organized.time_zone",
            "seats_limit": "events_organized.seats_limit",
            "admission": "events_organized.admission",
            "status": "events_organized.status",
            "contact_email": "events_organized.contact_email",
            "cancel_message": "events_organized.cancel_message",
            "created": "events_organized.created",
            "published_at": "events_organized.published_at",
            "cancelled_at": "events_organized.cancelled_at",
        },
        withheld={
            "organizer": "says whose it is",
            "title_folded description_folded location_folded": "the texts again, for the search",
        },
        impersonal={
            "hue pattern": "how the poster looks",
            "sequence reminded_for": "what calendars and reminders have got",
            "confirmed_count pending_count checked_in_count": "counts",
            "rejected_count cancelled_count": "counts",
        },
        erased="contact_email",
        remaining={
            "id title description location start_time end_time time_zone seats_limit admission "
            "status cancel_message created published_at cancelled_at title_folded "
            "description_folded location_folded": "guests were there; drafts are deleted",
            "organizer": WITHOUT_A_NAME,
        },
        kept="for ever: guests read in their tickets what they went to",
    ),
    "events.DoorStaff": Table(
        rows=lambda person: DoorStaff.objects.filter(Q(person=person) | Q(email=person.email)),
        exported={"added": "door_staff_at.added", "event": "door_staff_at.event_title"},
        withheld={
            "email": "the address of the account",
            "person": "says whose it is",
            "accepted": "about when the person first opened the page",
            "added_by": "says which organizer it was",
        },
        impersonal={"id": NUMBER},
        is_deleted=True,
        kept="until an organizer removes the person",
    ),
}

TICKETS = {
    "tickets.Reservation": Table(
        rows=lambda person: Reservation.objects.filter(person=person),
        exported={
            "id": "reservations.id",
            "event": "reservations.event_title",
            "status": "reservations.status",
            "status_at_cancellation": "reservations.status_at_cancellation",
            "created": "reservations.created",
            "decided_at": "reservations.decided_at",
            "message": "reservations.message",
        },
        withheld={
            "person": "says whose it is",
            "decided_by": "says which organizer it was",
            "note note_folded": "what organizers tell each other",
            "updated": "one of the other times",
        },
        impersonal={"key": "a random number"},
        erased="message note note_folded",
        remaining={
            "person id event status status_at_cancellation created decided_at updated decided_by": (
                WITHOUT_A_NAME
            )
        },
        kept="for ever: the counts of an event stay right",
    ),
    "tickets.Ticket": Table(
        rows=lambda person: Ticket.objects.filter(reservation__person=person),
        exported={
            "reservation": "tickets.reservation_id",
            "event": "tickets.event_title",
            "code": "tickets.code",
            "issued_at": "tickets.issued_at",
            "void_at": "tickets.void_at",
            "checked_in_at": "tickets.checked_in_at",
        },
        withheld={
            "serial": "a secret, from which the QR code is made",
            "checked_in_by checked_in_device": "about the person who checked the ticket in",
            "changed": "one of the other times",
        },
        impersonal={"id": NUMBER},
        remaining={
            "reservation event code issued_at void_at checked_in_at serial changed": WITHOUT_A_NAME,
            "checked_in_by checked_in_device": "about the person who checked the ticket in",
        },
        kept="for ever: the counts of an event stay right",
    ),
    "tickets.Device": Table(
        rows=lambda person: Device.objects.filter(person=person),
        withheld={
            "person event": "says who checked tickets in, and where; door_staff_at has the same",
            "name": "the name that the person gave their phone, shown to the organizer",
            "key_hash": "a secret",
            "started seen_at ended_at": "when it was used, as the log has it",
            "waiting ready_at": "how far its scans are sent",
        },
        impersonal={"id": NUMBER, "gate": "an entrance"},
        remaining={
            "person event name started seen_at ended_at waiting ready_at key_hash": (
                "scans of the event refer to the device by its name"
            )
        },
        kept="for ever: the organizer can tell which device scanned what",
    ),
    "tickets.Scan": Table(
        rows=lambda person: Scan.objects.filter(Q(by=person) | Q(settled_by=person)),
        withheld={
            "by device settled_by": "who scanned, and who settled a conflict, for the organizer",
            "at received let_in outcome reason settled_at": "what was scanned when",
            "ticket": "another person's",
        },
        impersonal={"id": NUMBER, "event": "where", "nonce": "a random number"},
        remaining={
            "by device settled_by at received let_in outcome reason settled_at ticket": (
                WITHOUT_A_NAME
            )
        },
        kept="for ever: the organizer can tell which device scanned what",
    ),
    "tickets.Announcement": Table(
        rows=lambda person: Announcement.objects.filter(by=person),
        exported={
            "event": "messages_to_guests.event_title",
            "audience": "messages_to_guests.audience",
            "subject": "messages_to_guests.subject",
            "body": "messages_to_guests.body",
            "recipients": "messages_to_guests.recipients",
            "created": "messages_to_guests.created",
            "withdrawn_at": "messages_to_guests.withdrawn_at",
        },
        withheld={"by": "says whose it is"},
        impersonal={"id": NUMBER, "key": "a random number", "leaves_at": "created plus a minute"},
        remaining={
            "event audience subject body recipients created withdrawn_at": "guests have got it",
            "by": WITHOUT_A_NAME,
        },
        kept="for ever: the organizer can tell what guests were told",
    ),
    "tickets.OrganizerLetter": Table(
        rows=lambda person: OrganizerLetter.objects.filter(person=person),
        withheld={"person": "says whose it is", "sent_at": "the time of one of the mails"},
        impersonal={},
        remaining={"person sent_at": WITHOUT_A_NAME},
        kept=UNTIL_DELETION + ", and its time after it",
    ),
    "tickets.Gate": Table(
        impersonal={
            "id": NUMBER,
            "event name added revoked_at": "about an entrance",
            "added_by": "which of the event's organizers, as the log says",
        },
        kept="as long as the event",
    ),
    "tickets.EventNews": Table(
        impersonal={
            "event requests freed full urgent since told_at": "counts of an event, of nobody",
        },
        kept="as long as the event",
    ),
    "tickets.SigningKey": Table(
        impersonal={"id public private created": "keys of this site"}, kept="for ever"
    ),
}

TABLES: dict[str, Table] = ACCOUNTS | OPERATIONS | EVENTS | TICKETS
