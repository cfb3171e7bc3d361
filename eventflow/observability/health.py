"""Is this process fit to serve? For load balancers and people on call.

`/health/` is a page like the others: it also tells whether pages are answered at all. `/health/live` and `/health/ready` are answered on
the server's own loop, before and beside the threads that requests run on: docs/decisions/0018-three-questions-about-health.md.
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

from eventflow.observability import current

Scope = dict[str, Any]
Question = Callable[[Scope], Awaitable[HttpResponse]]

CHECK_SECONDS = 1.0
NOT_OK = (DatabaseError, InterfaceError, redis.RedisError, OSError)
VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
# Set by the server at SIGTERM, for good.
stopping = threading.Event()


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503. `redis_ok` is null where there is no Redis; without it everything works, only later."""
    db_ok = database.passes()
    redis_ok = cache.passes() if settings.REDIS_URL else None
    body = {"status": "ok" if db_ok else "fail", "db_ok": db_ok, "redis_ok": redis_ok, **build()}
    return JsonResponse(body, status=200 if db_ok else 503)


def build() -> dict[str, str]:
    """What runs here: the version, and the commit and time of the build where whoever built it says so."""
    said = {"commit": settings.GIT_COMMIT, "build_time": settings.BUILD_TIME}
    return {
        "version": settings.APP_VERSION or VERSION,
        **{name: value for name, value in said.items() if value},
    }


class Probes:
    """Stands before the pages, which may all be busy or wait for the database, and answers whoever decides about this process."""

    def __init__(self, pages: ASGIHandler, others: Mapping[str, Question]) -> None:
        self.pages = pages
        self.questions: dict[str, Question] = {
            "/health/live": live,
            "/health/ready": ready,
            **others,
        }

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        question = self.questions.get(scope["path"].removesuffix("/"))
        if question is None:
            return await self.pages(scope, receive, send)
        current().route = question.__name__
        response = (
            await question(scope)
            if scope["method"] in {"GET", "HEAD"}
            else HttpResponseNotAllowed(["GET", "HEAD"])
        )
        await self.pages.send_response(response, send)


async def live(scope: Scope) -> HttpResponse:
    """The loop turns, so this process is not to be killed. Asks nobody else: a database that is away comes back by itself."""
    return answer(200, status="ok")


async def ready(scope: Scope) -> HttpResponse:
    """200 while requests are welcome here: the database answers, its tables are those of this code, and nobody asked us to stop."""
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
    """A question asked on a thread of its own, because whoever hangs must not take a request's thread with it."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self.ask = ask
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="health")
        self.lock = threading.Lock()
        self.asked: Future[None] | None = None

    def begin(self) -> "Future[None]":
        """A question that still hangs isn't asked again."""
        with self.lock:
            if self.asked is None or self.asked.done():
                self.asked = self.thread.submit(self.ask)
            return self.asked

    def passes(self) -> bool:
        """Whether there was an answer within CHECK_SECONDS."""
        try:
            self.begin().result(CHECK_SECONDS)
        except NOT_OK:
            return False
        return True

    async def answers(self) -> bool:
        """The same for those who must not wait on a loop."""
        asked = asyncio.wrap_future(self.begin())
        try:
            # Shielded, because others may wait for the same answer.
            await asyncio.wait_for(asyncio.shield(asked), CHECK_SECONDS)
        except NOT_OK:
            # Whoever gave up waiting looks at a late failure, so that nobody reports it as forgotten.
            asked.add_done_callback(lambda late: late.cancelled() or late.exception())
            return False
        return True


class Once(Check):
    """A question that isn't asked again after it was answered well."""

    has_passed = False

    async def answers(self) -> bool:
        self.has_passed = self.has_passed or await super().answers()
        return self.has_passed


def ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def ask_migrations() -> None:
    """Raises DatabaseError while a migration of this code is missing. Newer ones are no harm: they belong to whoever follows us."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise DatabaseError("migrations are due")
    finally:
        connection.close()


def ask_redis() -> None:
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=CHECK_SECONDS,
        socket_connect_timeout=CHECK_SECONDS,
        retry=None,
    ) as client:
        client.ping()


database = Check(ask_database)
migrations = Once(ask_migrations)
cache = Check(ask_redis)
