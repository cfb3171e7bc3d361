"""An event's gates: named entrances with a link of their own."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tickets.models import Gate


@transaction.atomic
def add_gate(event: Event, *, name: str, by: User) -> Gate:
    """Add a gate, by whose link a device may check in.

    Refused: event_cancelled, event_over, gate_exists.
    """
    event = event_services.lock(event.pk)
    event_services.check_is_coming(event)
    if event.gates.filter(name=name, revoked_at=None).exists():
        raise Refused("gate_exists", _("There is a gate of this name already."), field="name")
    gate = Gate.objects.create(event=event, name=name, added_by=by)
    audit.record("gate.add", event, by=by, gate=gate.pk)
    return gate


@transaction.atomic
def revoke_gate(gate: Gate, *, by: User) -> None:
    """Revoke a gate's link. Devices that were registered by it end too. Twice changes nothing."""
    if Gate.objects.filter(pk=gate.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record("gate.revoke", gate.event, by=by, gate=gate.pk)
