"""Who stands at the door: somebody who is logged in, or a phone that was handed a gate's link."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts.decorators import View, VisitorRequest, respond_login_required
from tickets.checkin.access import CheckInActor
from tickets.models import Device

SESSION = "door"


class CheckInRequest(VisitorRequest):
    """What the views of the door get."""

    actor: CheckInActor


def session_device(request: HttpRequest) -> Device | None:
    """The device that this browser's session belongs to."""
    number = request.session.get(SESSION)
    return (
        Device.objects.select_related("event", "gate", "person").filter(pk=number).first()
        if number
        else None
    )


def actor_of(request: HttpRequest) -> CheckInActor:
    device = session_device(request)
    # Somebody else may have logged in on this phone since.
    if device and device.person_id not in (None, request.user.pk):
        device = None
    return CheckInActor(request.user, device)


def remember(request: HttpRequest, device: Device) -> None:
    """This phone is that device from now on."""
    request.session[SESSION] = device.pk


def checkin_access_required(view: Callable[..., HttpResponseBase]) -> View:
    """Who is neither logged in nor came by a gate's link is sent to the log-in page."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.actor = actor_of(request)
        if request.actor.device is None and not request.user.is_authenticated:
            return respond_login_required(request)
        return view(request, *args, **kwargs)

    return guarded
