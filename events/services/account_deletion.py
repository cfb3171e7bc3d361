"""What happens to a person's events when the account is deleted."""

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.core.text_direction import isolated
from events.models import DoorStaff, Event


def release_events_of(person: User) -> None:
    """Delete the person's drafts, take their address off their events and end their door staff.

    Runs in the caller's transaction. Refused: organizes_events, while an event of theirs is
    published and not over.
    """
    drafts = (
        Event.objects.select_for_update(no_key=True)
        .filter(organizer=person, status=Event.Status.DRAFT)
        .order_by("pk")
    )
    # Read under the lock: a draft that is being published is published by now, or never will be.
    Event.objects.filter(pk__in=[draft.pk for draft in drafts]).delete()
    coming = Event.objects.published().upcoming().filter(organizer=person).first()
    if coming:
        message = _("You organize “%(title)s”, which is not over. Cancel it first.")
        raise Refused("organizes_events", message % {"title": isolated(coming.title)})
    Event.objects.filter(organizer=person).exclude(contact_email="").update(contact_email="")
    DoorStaff.objects.filter(Q(person=person) | Q(email=person.email)).delete()
