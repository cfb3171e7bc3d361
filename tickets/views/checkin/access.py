"""Who uses the pages of check-in: a person who is logged in, or a device with a gate's link."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts.decorators import View, VisitorRequest, respond_login_required
from tickets.checkin.access import CheckInActor
from tickets.models import Device

SESSION = "door"


class CheckInRequest(VisitorRequest):
    """A request as the views of check-in get it."""

    actor: CheckInActor


def session_device(request: HttpRequest) -> Device | None:
    """Return the device that this browser's session belongs to."""
    number = request.session.get(SESSION)
    if not number:
        return None
    return Device.objects.select_related("event", "gate", "person").filter(pk=number).first()


def actor_of(request: HttpRequest) -> CheckInActor:
    device = session_device(request)
    # Another person may have logged in on this phone since.
    if device and device.person_id not in (None, request.user.pk):
        device = None
    return CheckInActor(request.user, device)


def remember(request: HttpRequest, device: Device) -> None:
    """Store in the session that this browser is that device."""
    request.session[SESSION] = device.pk


def checkin_access_required(view: Callable[..., HttpResponseBase]) -> View:
    """Set `request.actor`; without a log-in and a device, lead to the log-in page."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.actor = actor_of(request)
        if request.actor.device is None and not request.user.is_authenticated:
            return respond_login_required(request)
        return view(request, *args, **kwargs)

    return guarded
