"""How a request is served: one hop from the server's loop to a thread of a bounded pool, and the whole request runs there.

Django's own ASGI handler loads the middleware for async use and hops between loop and thread once a middleware;
docs/decisions/0002-one-hop-handler.md has the figures.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from io import BytesIO
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
    JsonResponse,
)
from django.middleware.common import CommonMiddleware
from django.urls import set_script_prefix
from django.utils import translation
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext_lazy as _

from accounts.middleware import ApiCookieMiddleware, LanguageMiddleware
from eventflow.core.errors import envelope, is_api
from eventflow.observability import current, metrics, request_id_for

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# A file up to this many bytes is read at once, so that a slow reader of it costs memory and not a thread.
WHOLE_FILE = 2 * 1024 * 1024
# A chunk of a stream that nobody takes for this many seconds ends it; the server gives up on such a client earlier.
CHUNK_SECONDS = 90
TOO_LARGE = _("This is more than EventFlow takes at once.")
BUSY = _("Very many people are here right now. Try again in a few seconds.")


class OneHopHandler(ASGIHandler):
    """Django behind ASGI, with as many requests at once as threads, and as many database connections."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="request")
        self.places = threading.BoundedSemaphore(settings.WEB_THREADS + settings.WEB_WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(bounded(receive))
        except RequestAborted:
            return
        except TooMuch:
            current().route = "refused"
            await self.send_response(too_large(scope["path"], scope["headers"]), send)
            return
        if not self.places.acquire(blocking=False):
            current().route = "busy"
            await self.send_response(busy(scope), send)
            return
        # After the body the client has one thing left to say: that it went away.
        client = Client(send, gone=asyncio.ensure_future(receive()))
        try:
            response = await self.in_a_thread(scope, body, client)
            if response is not None:
                await self.send_response(response, send)
        finally:
            client.gone.cancel()

    async def in_a_thread(self, scope: Scope, body: Any, client: "Client") -> HttpResponse | None:
        """Run the request on a thread, in a copy of this context. The place is free again when the thread is, whatever becomes of us."""
        metrics.WAITING.inc()
        work = self.threads.submit(copy_context().run, self.run, scope, body, client)
        work.add_done_callback(self.leave)
        return await asyncio.wrap_future(work)

    def leave(self, work: "Future[Any]") -> None:
        self.places.release()
        if work.cancelled():
            # Given up before a thread had it.
            metrics.WAITING.dec()

    # From here on we are on the thread.

    def run(self, scope: Scope, body: Any, client: "Client") -> HttpResponse | None:
        """The whole request. Returns what is left to send: a complete response, or None after a stream or for nobody."""
        metrics.WAITING.dec()
        if client.is_gone:
            return None
        with metrics.RUNNING.track_inprogress():
            return self.respond(scope, body, client)

    def respond(self, scope: Scope, body: Any, client: "Client") -> HttpResponse | None:
        response = self.answer(scope, body)
        try:
            if not response.streaming:
                return response
            if (
                isinstance(response, FileResponse)
                and int(response.get("Content-Length") or WHOLE_FILE) < WHOLE_FILE
            ):
                return whole(response)
            self.stream(response, client)
            return None
        finally:
            # Closes the request, its body and, through request_finished, a connection that is no longer good.
            response.close()

    def answer(self, scope: Scope, body: Any) -> Any:
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, response = self.create_request(scope, body)
        response = self.get_response(request) if request is not None else response
        response._handler_class = self.__class__  # type: ignore[union-attr]
        return response

    def resolve_request(self, request: HttpRequest) -> Any:
        match = super().resolve_request(request)
        current().route = match.view_name
        return match

    def stream(self, response: Any, client: "Client") -> None:
        """Send chunk by chunk, each when the client has room for it. A client that goes away ends the iteration."""
        try:
            client.send(
                {
                    "type": "http.response.start",
                    "status": response.status_code,
                    "headers": raw_headers(response),
                }
            )
            for part in response:
                for chunk, _last in self.chunk_bytes(part):
                    client.send({"type": "http.response.body", "body": chunk, "more_body": True})
            client.send({"type": "http.response.body"})
        except ClientGone:
            return


class ClientGone(Exception):
    """There is nobody left to send to."""


class TooMuch(Exception):
    """A body is larger than EventFlow takes."""


def bounded(receive: Receive) -> Receive:
    """The same, up to the largest body that we take; then it raises TooMuch. Our own server refuses such a body before."""
    taken = 0

    async def receive_some() -> Any:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooMuch
        return message

    return receive_some


class Client:
    """The far end of one request, as its thread sees it. Made on the loop."""

    def __init__(self, send: Send, gone: "asyncio.Future[Any]") -> None:
        self.loop = asyncio.get_running_loop()
        self.asend = send
        self.gone = gone

    @property
    def is_gone(self) -> bool:
        return self.gone.done()

    def send(self, message: dict[str, Any]) -> None:
        """Send from a thread; returns when the server has taken the message and has room for another."""
        if self.is_gone:
            raise ClientGone
        asyncio.run_coroutine_threadsafe(self.asend(message), self.loop).result(CHUNK_SECONDS)  # type: ignore[arg-type]


def whole(response: FileResponse) -> HttpResponse:
    """The same answer with its file read into memory."""
    response.block_size = ASGIHandler.chunk_size
    complete = HttpResponse(
        b"".join(response), status=response.status_code, headers=response.headers
    )
    complete.cookies = response.cookies
    return complete


def raw_headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    return headers + [
        (b"Set-Cookie", morsel.OutputString().encode("ascii"))
        for morsel in response.cookies.values()
    ]


class SlashMiddleware(CommonMiddleware):
    """Django's, whose redirect to the address with its slash keeps method and body: a POST arrives as one."""

    response_redirect_class = staticmethod(
        partial(HttpResponsePermanentRedirect, preserve_request=True)
    )  # type: ignore[assignment]

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        # Django's raises for a POST while DEBUG is on, because its own redirect would lose the body.
        return escape_leading_slashes(request.get_full_path(force_append_slash=True))


def refusal(
    path: str, headers: Iterable[tuple[bytes, bytes]], *, status: int, code: str, message: Any
) -> HttpResponse:
    """An answer given before any page is reached, in the caller's language: the API's envelope under /api/, plain text elsewhere.

    Costs no thread, no session and no database. `message` is a lazy translation.
    """

    def say(request: HttpRequest) -> HttpResponse:
        if is_api(path):
            return JsonResponse(envelope(code, message), status=status)
        return HttpResponse(str(message), status=status, content_type="text/plain; charset=utf-8")

    request = ASGIRequest({"method": "GET", "path": path, "headers": headers}, BytesIO())
    # The language stays with this answer: we are on the server's loop.
    with translation.override(None):
        # Another origin's page may read why it was turned away, if it may read answers at all.
        chain = CorsMiddleware(ApiCookieMiddleware(LanguageMiddleware(say)))
        response: HttpResponse = chain(request)  # type: ignore[assignment]
    response["X-Request-ID"] = request_id_for(request.headers.get("X-Request-ID", ""))
    return response


def too_large(path: str, headers: Iterable[tuple[bytes, bytes]]) -> HttpResponse:
    """The answer to a body that is larger than we take. The connection ends with it: more of the body is on its way."""
    response = refusal(path, headers, status=413, code="too_large", message=TOO_LARGE)
    response["Content-Length"], response["Connection"] = str(len(response.content)), "close"
    return response


def busy(scope: Scope) -> HttpResponse:
    """So many requests wait already that this one would wait too long."""
    response = refusal(scope["path"], scope["headers"], status=503, code="busy", message=BUSY)
    response["Retry-After"] = "2"
    return response
