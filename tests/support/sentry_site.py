"""Pages that fail with a secret in every place from which it could leak to Sentry."""

import logging
import threading

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

logger = logging.getLogger("eventflow.tests")


def planted(where: str) -> str:
    """A secret; it is put together here, so that it is in no line of code that is sent."""
    return f"planted-in-{where}"


@csrf_exempt
def breaks(request: HttpRequest, token: str) -> HttpResponse:
    local_variable = request.body.decode() + request.META["HTTP_COOKIE"]
    logger.warning("about %s", local_variable)
    logger.error("literal words about %s", planted("arguments"))
    threading.Thread(target=breaks_in_thread, args=[planted("a-thread")]).start()
    raise ValueError(f"{token} {local_variable} " + planted("a-message"))


def breaks_in_thread(secret: str) -> None:
    raise KeyError(secret)


@login_required
def breaks_for_person(request: HttpRequest) -> HttpResponse:
    raise LookupError(str(request.user.get_username()))


urlpatterns = [
    path("breaks/<str:token>/", breaks, name="breaks"),
    path("breaks-for-person/", breaks_for_person, name="breaks_for_person"),
    path("fine/", lambda request: HttpResponse("fine")),
    path("", include("eventflow.urls")),
]
