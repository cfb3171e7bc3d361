"""Who stands at the door: somebody who is logged in, or a phone that was handed a gate's link."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts.decorators import View, VisitorRequest, respond_login_required
from tickets.checkin.access import Keeper
from tickets.models import Device

SESSION = "door"


class KeeperRequest(VisitorRequest):
    """What the views of the door get."""

    keeper: Keeper


def device_of(request: HttpRequest) -> Device | None:
    """The device that this browser's session belongs to."""
    number = request.session.get(SESSION)
    return (
        Device.objects.select_related("event", "gate", "person").filter(pk=number).first()
        if number
        else None
    )


def keeper_of(request: HttpRequest) -> Keeper:
    device = device_of(request)
    # Somebody else may have logged in on this phone since.
    if device and device.person_id not in (None, request.user.pk):
        device = None
    return Keeper(request.user, device)


def remember(request: HttpRequest, device: Device) -> None:
    """This phone is that device from now on."""
    request.session[SESSION] = device.pk


def keeper_required(view: Callable[..., HttpResponseBase]) -> View:
    """Who is neither logged in nor came by a gate's link is sent to the log-in page."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.keeper = keeper_of(request)
        if request.keeper.device is None and not request.user.is_authenticated:
            return respond_login_required(request)
        return view(request, *args, **kwargs)

    return guarded
