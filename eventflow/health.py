"""Is this process fit to serve? For load balancers and people on call."""

import threading
import tomllib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

CHECK_SECONDS = 1.0
NOT_OK = (DatabaseError, InterfaceError, redis.RedisError, OSError)
VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503. `redis_ok` is null where there is no Redis; without it everything works, only later."""
    db_ok = database.passes()
    redis_ok = cache.passes() if settings.REDIS_URL else None
    body = {"status": "ok" if db_ok else "fail", "db_ok": db_ok, "redis_ok": redis_ok, "version": VERSION}
    return JsonResponse(body, status=200 if db_ok else 503)


class Check:
    """A question asked on a thread of its own, because whoever hangs must not take a request's thread with it."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self.ask = ask
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="health")
        self.lock = threading.Lock()
        self.asked: Future[None] | None = None

    def passes(self) -> bool:
        """Whether there was an answer within CHECK_SECONDS. A question that still hangs isn't asked again."""
        with self.lock:
            if self.asked is None or self.asked.done():
                self.asked = self.thread.submit(self.ask)
            asked = self.asked
        try:
            asked.result(CHECK_SECONDS)
        except NOT_OK:
            return False
        return True


def ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def ask_redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=CHECK_SECONDS, socket_connect_timeout=CHECK_SECONDS, retry=None) as client:
        client.ping()


database = Check(ask_database)
cache = Check(ask_redis)
