"""Answers load balancers and operators whether this process is fit to serve.

`/health/` is a page like the others, so it also shows whether pages are answered at all.
`/health/live` and `/health/ready` are answered on the server's own loop, beside the threads that
requests run on: docs/decisions/0018-three-questions-about-health.md.
"""

import asyncio
import threading
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import redis
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from eventflow.observability import get_request_context

Scope = dict[str, Any]
Probe = Callable[[Scope], Awaitable[HttpResponse]]

CHECK_SECONDS = 1.0
CHECK_ERRORS = (DatabaseError, InterfaceError, redis.RedisError, OSError)
VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
# Set by the server at SIGTERM, and never cleared.
stopping = threading.Event()


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503. `redis_ok` is null where no Redis is configured."""
    db_ok = database.passes()
    redis_ok = cache.passes() if settings.REDIS_URL else None
    facts = {"db_ok": db_ok, "redis_ok": redis_ok, **build_facts()}
    return JsonResponse({"status": "ok" if db_ok else "fail"} | facts, status=200 if db_ok else 503)


def build_facts() -> dict[str, str]:
    """The version, and the commit and time of the build where the settings name them."""
    named = {"commit": settings.GIT_COMMIT, "build_time": settings.BUILD_TIME}
    return {
        "version": settings.APP_VERSION or VERSION,
        **{name: value for name, value in named.items() if value},
    }


class Probes:
    """ASGI: answers probes before the pages, which may all be busy or wait for the database."""

    def __init__(self, pages: ASGIHandler, others: Mapping[str, Probe]) -> None:
        self.pages = pages
        self.probes: dict[str, Probe] = {
            "/health/live": live,
            "/health/ready": ready,
            **others,
        }

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        probe = self.probes.get(scope["path"].removesuffix("/"))
        if probe is None:
            return await self.pages(scope, receive, send)
        get_request_context().route = probe.__name__
        response = (
            await probe(scope)
            if scope["method"] in {"GET", "HEAD"}
            else HttpResponseNotAllowed(["GET", "HEAD"])
        )
        await self.pages.send_response(response, send)


async def live(scope: Scope) -> HttpResponse:
    """200 always: the loop runs, so this process must not be killed. No other service is asked."""
    return answer(200, status="ok")


async def ready(scope: Scope) -> HttpResponse:
    """200 while the database answers and is migrated, and no stop was asked; else 503."""
    facts = {
        "db_ok": await database.answers(),
        "migrated": await migrations.answers(),
        "stopping": stopping.is_set(),
    }
    is_ready = facts == {"db_ok": True, "migrated": True, "stopping": False}
    return answer(200 if is_ready else 503, status="ok" if is_ready else "fail", **facts)


def answer(code: int, **facts: Any) -> HttpResponse:
    response = JsonResponse(
        facts | {"version": VERSION}, status=code, headers={"Cache-Control": "no-store"}
    )
    response["Content-Length"] = len(response.content)
    return response


class Check:
    """A check that runs on a thread of its own: one that hangs must not hold a request's thread."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="health")
        self.lock = threading.Lock()
        self.running: Future[None] | None = None

    def begin(self) -> "Future[None]":
        """Start the check; one that still runs is not started again."""
        with self.lock:
            if self.running is None or self.running.done():
                self.running = self.thread.submit(self.run)
            return self.running

    def passes(self) -> bool:
        """Whether the check succeeds within CHECK_SECONDS. Blocks that long at most."""
        try:
            self.begin().result(CHECK_SECONDS)
        except CHECK_ERRORS:
            return False
        return True

    async def answers(self) -> bool:
        """The same for coroutines: waits without blocking the loop."""
        asked = asyncio.wrap_future(self.begin())
        try:
            # Shielded: others may wait for the same answer.
            await asyncio.wait_for(asyncio.shield(asked), CHECK_SECONDS)
        except CHECK_ERRORS:
            # A late failure is retrieved here, so that asyncio does not report it as never read.
            asked.add_done_callback(lambda late: late.cancelled() or late.exception())
            return False
        return True


class OnceCheck(Check):
    """A check that does not run again after it succeeded once."""

    has_passed = False

    async def answers(self) -> bool:
        self.has_passed = self.has_passed or await super().answers()
        return self.has_passed


def check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def check_migrations() -> None:
    """Raises DatabaseError while a migration of this code is missing. Newer ones do no harm."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise DatabaseError("migrations are due")
    finally:
        connection.close()


def check_redis() -> None:
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=CHECK_SECONDS,
        socket_connect_timeout=CHECK_SECONDS,
        retry=None,
    ) as client:
        client.ping()


database = Check(check_database)
migrations = OnceCheck(check_migrations)
cache = Check(check_redis)
