"""How a request is served: in one hop from the server's loop to a thread of a bounded pool.

The whole request runs on that thread. Django's own ASGI handler loads the middleware for async use
and hops between loop and thread once a middleware; docs/decisions/0002-one-hop-handler.md has the
figures.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
)
from django.middleware.common import CommonMiddleware
from django.urls import set_script_prefix
from django.utils.http import escape_leading_slashes

from eventflow.observability import get_request_context, metrics
from eventflow.server.refusals import busy, too_large

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# A file up to this many bytes is read at once: a slow reader of it costs memory and no thread.
SMALL_FILE_BYTES = 2 * 1024 * 1024
# A chunk of a stream that nobody takes for this many seconds ends the stream; our own server gives
# up on such a client earlier.
CHUNK_SECONDS = 90


class OneHopHandler(ASGIHandler):
    """Django behind ASGI, with as many requests and database connections at once as threads.

    WEB_THREADS requests run, WEB_WAITING more wait; the next is refused with 503.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="request")
        self.slots = threading.BoundedSemaphore(settings.WEB_THREADS + settings.WEB_WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(limited(receive))
        except RequestAborted:
            return
        except BodyTooLarge:
            get_request_context().route = "refused"
            await self.send_response(too_large(scope["path"], scope["headers"]), send)
            return
        if not self.slots.acquire(blocking=False):
            get_request_context().route = "busy"
            await self.send_response(busy(scope["path"], scope["headers"]), send)
            return
        # After the body the client has one thing left to say: that it went away.
        client = Client(send, disconnected=asyncio.ensure_future(receive()))
        try:
            response = await self.run_in_thread(scope, body, client)
            if response is not None:
                await self.send_response(response, send)
        finally:
            client.disconnected.cancel()

    async def run_in_thread(self, scope: Scope, body: Any, client: "Client") -> HttpResponse | None:
        """Run the request on a thread, in a copy of this context.

        The slot is free again when the thread is, whatever becomes of this coroutine.
        """
        metrics.WAITING.inc()
        work = self.threads.submit(copy_context().run, self.run, scope, body, client)
        work.add_done_callback(self.free_slot)
        return await asyncio.wrap_future(work)

    def free_slot(self, work: "Future[Any]") -> None:
        self.slots.release()
        if work.cancelled():
            # Given up before a thread had it.
            metrics.WAITING.dec()

    # From here on we are on the thread.

    def run(self, scope: Scope, body: Any, client: "Client") -> HttpResponse | None:
        """Serve the whole request.

        Returns the complete response to send; None where it was streamed or the client is gone.
        """
        metrics.WAITING.dec()
        if client.is_disconnected:
            return None
        with metrics.RUNNING.track_inprogress():
            return self.serve(scope, body, client)

    def serve(self, scope: Scope, body: Any, client: "Client") -> HttpResponse | None:
        response = self.response_to(scope, body)
        try:
            if not response.streaming:
                return response
            if is_small_file(response):
                return in_memory(response)
            self.stream(response, client)
            return None
        finally:
            # Closes the request, its body and, through request_finished, a database connection that
            # is no longer good.
            response.close()

    def response_to(self, scope: Scope, body: Any) -> Any:
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, response = self.create_request(scope, body)
        response = self.get_response(request) if request is not None else response
        response._handler_class = self.__class__  # type: ignore[union-attr]
        return response

    def resolve_request(self, request: HttpRequest) -> Any:
        match = super().resolve_request(request)
        get_request_context().route = match.view_name
        return match

    def stream(self, response: Any, client: "Client") -> None:
        """Send chunk by chunk, each when the client has room for it.

        A client that goes away ends the iteration.
        """
        start = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": raw_headers(response),
        }
        try:
            client.send(start)
            for part in response:
                for chunk, _last in self.chunk_bytes(part):
                    client.send({"type": "http.response.body", "body": chunk, "more_body": True})
            client.send({"type": "http.response.body"})
        except ClientDisconnected:
            return


class ClientDisconnected(Exception):
    """There is nobody left to send to."""


class BodyTooLarge(Exception):
    """A body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""


def limited(receive: Receive) -> Receive:
    """`receive` up to the largest body that we take; then it raises BodyTooLarge.

    Our own server refuses such a body before.
    """
    received = 0

    async def receive_limited() -> Any:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise BodyTooLarge
        return message

    return receive_limited


class Client:
    """The client of one request, as the request's thread sees it. Made on the loop."""

    def __init__(self, send: Send, disconnected: "asyncio.Future[Any]") -> None:
        self.loop = asyncio.get_running_loop()
        self.send_on_loop = send
        self.disconnected = disconnected

    @property
    def is_disconnected(self) -> bool:
        return self.disconnected.done()

    def send(self, message: dict[str, Any]) -> None:
        """Send from a thread; returns when the server has taken it and has room for another.

        Raises ClientDisconnected, and TimeoutError after CHUNK_SECONDS.
        """
        if self.is_disconnected:
            raise ClientDisconnected
        sending: Any = self.send_on_loop(message)
        asyncio.run_coroutine_threadsafe(sending, self.loop).result(CHUNK_SECONDS)


def is_small_file(response: Any) -> bool:
    """Whether this is a file whose size is known and small."""
    size = int(response.get("Content-Length") or SMALL_FILE_BYTES)
    return isinstance(response, FileResponse) and size < SMALL_FILE_BYTES


def in_memory(response: FileResponse) -> HttpResponse:
    """The same answer with its file read into memory."""
    response.block_size = ASGIHandler.chunk_size
    complete = HttpResponse(
        b"".join(response), status=response.status_code, headers=response.headers
    )
    complete.cookies = response.cookies
    return complete


def raw_headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    """The headers of a response, cookies included, as ASGI wants them."""
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    return headers + [
        (b"Set-Cookie", morsel.OutputString().encode("ascii"))
        for morsel in response.cookies.values()
    ]


class SlashMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, whose redirect to the address with a slash keeps a POST a POST."""

    response_redirect_class = staticmethod(
        partial(HttpResponsePermanentRedirect, preserve_request=True)
    )  # type: ignore[assignment]

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        # Django's raises for a POST while DEBUG is on, because its own redirect loses the body.
        return escape_leading_slashes(request.get_full_path(force_append_slash=True))
