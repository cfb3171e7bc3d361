"""Pages that are slow, stream, fail half-way or report what happened, for tests of the server."""

import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from io import BytesIO
from typing import Any

from django.core.signals import request_finished
from django.db import connection
from django.dispatch import receiver
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

CHUNK = b"x" * 65536
CHUNKS = 1600  # 100 MB
left_behind: ContextVar[str] = ContextVar("left_behind", default="")
# What happened in this process, for /facts/.
facts: dict[str, Any] = {"slow": [], "chunks": 0, "streams_closed": 0, "finished": 0}


@receiver(request_finished)
def count_finished(**kwargs: Any) -> None:
    facts["finished"] += 1


def report_facts(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts)


def slow(request: HttpRequest, seconds: str) -> HttpResponse:
    facts["slow"].append(request.GET.get("name"))
    time.sleep(float(seconds))
    return HttpResponse("done")


def context(request: HttpRequest) -> JsonResponse:
    """Report what the request before left in this context, and leave this one's name there."""
    found = left_behind.get()
    left_behind.set(request.GET["name"])
    return JsonResponse(
        {"found": found, "thread": threading.current_thread().name, "word": _("January")}
    )


def database(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse(
        {"connection": id(connection.connection), "thread": threading.current_thread().name}
    )


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(chunks())


def chunks() -> Iterator[bytes]:
    try:
        for _number in range(CHUNKS):
            facts["chunks"] += 1
            yield CHUNK
    finally:
        facts["streams_closed"] += 1


def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield b"the first half"
        raise RuntimeError("broken on purpose")

    return StreamingHttpResponse(parts())


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(BytesIO(CHUNK * 24))


def big_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(CHUNK * int(request.GET.get("chunks", 64)))


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


urlpatterns = [
    path("facts/", report_facts),
    path("slow/<str:seconds>/", slow),
    path("api/slow/<str:seconds>/", slow),
    path("activate/<str:token>/", lambda request, token: HttpResponse()),
    path("context/", context),
    path("database/", database),
    path("stream/", stream),
    path("broken/", broken_stream),
    path("file/", file),
    path("big/", big_page),
    path("echo/", echo),
]
