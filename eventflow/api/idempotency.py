"""`Idempotency-Key`: a request that is sent again gets its first answer and changes nothing.

This follows the IETF draft "The Idempotency-Key HTTP Header Field". The answer and what the request
changed are written in one transaction: there is no moment at which one exists without the other.
"""

import base64
import hmac
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.allauth_bridge import client_ip
from eventflow.api.models import Replay
from eventflow.core.errors import Refused

KEEP_FOR = timedelta(hours=24)
VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# While a request runs, another with its key is refused; after so many seconds it waits in the
# database instead.
IN_FLIGHT_SECONDS = 30
REPLAYED = {"Idempotent-Replayed": "true"}

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Make a view's method answer a repeated `Idempotency-Key` with its first answer.

    Refusals are answers too. A request without a key runs as ever.
    Refused: idempotency_key_invalid, idempotency_other_body (422), idempotency_in_flight (409).
    """

    @wraps(handler)
    def method(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        keyed = KeyedRequest(request, key)
        with keyed:
            return keyed.stored_response() or keyed.run_and_store(
                lambda: handler(view, request, *args, **kwargs), view
            )

    marked: Any = method
    marked.is_idempotent = True
    return marked


def is_idempotent(handler: Any) -> bool:
    """Whether this method of a view takes an `Idempotency-Key`."""
    return getattr(handler, "is_idempotent", False)


class KeyedRequest:
    """One request with a key. Inside of `with`, no second one with this key runs beside it."""

    def __init__(self, request: Request, key: str) -> None:
        if not VALID_KEY.fullmatch(key):
            raise Refused(
                "idempotency_key_invalid",
                _("An Idempotency-Key is 1 to 255 printable ASCII characters, without spaces."),
            )
        caller = caller_of(request)
        content = f"{request.method} {request.get_full_path()}\n".encode() + request._request.body
        self.who = digest("who", caller.encode())
        self.key = digest("key", f"{caller} {key}".encode())
        self.request = digest("request", content)
        secret = f"{caller} {key}".encode() + content
        cipher_key = hmac.digest(settings.SECRET_KEY.encode(), secret, "sha256")
        self.cipher = Fernet(base64.urlsafe_b64encode(cipher_key))

    def __enter__(self) -> None:
        """Reserve the key in the cache. If the cache forgets it, the unique row still decides."""
        if not cache.add(self.cache_key, 1, timeout=IN_FLIGHT_SECONDS):
            raise Refused(
                "idempotency_in_flight",
                _("The same request is being worked on. Ask again in a second."),
                wait=1,
            )

    def __exit__(self, *exc_info: object) -> None:
        cache.delete(self.cache_key)

    @property
    def cache_key(self) -> str:
        return f"idempotency:{self.key}"

    def stored_response(self) -> Response | None:
        """The answer that this key got before; None for a new key."""
        since = timezone.now() - KEEP_FOR
        replay = Replay.objects.filter(key=self.key, created__gt=since).first()
        if replay is None:
            return None
        if replay.request != self.request:
            raise Refused(
                "idempotency_other_body",
                _(
                    "This Idempotency-Key came with another request before. "
                    "Use a new key for a new request."
                ),
            )
        answer = json.loads(self.cipher.decrypt(bytes(replay.answer)))
        return Response(answer, status=replay.status, headers=REPLAYED)

    def run_and_store(self, run: Callable[[], Response], view: Any) -> Response:
        """Run the request and store its answer in the same transaction.

        A 429 is not stored: it says "later", and would say so later too. If another request with
        this key was faster, what this one did is undone and the other's answer returned.
        """
        try:
            with transaction.atomic():
                expired_replays().filter(key=self.key).delete()
                response = response_or_refusal(run, view)
                if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                    self.store(response.status_code, view.as_json(response))
                return response
        except IntegrityError:
            stored = self.stored_response()
            if stored is None:
                raise
            return stored

    def store(self, status: int, answer: bytes) -> None:
        Replay.objects.create(
            who=self.who,
            key=self.key,
            request=self.request,
            status=status,
            answer=self.cipher.encrypt(answer),
        )


def response_or_refusal(run: Callable[[], Response], view: Any) -> Response:
    """The response, also for a refusal; a bug is raised.

    A service undoes what it refuses. What it keeps on purpose, as a revoked token, stays.
    """
    try:
        return run()
    except Exception as exception:
        response = view.get_exception_handler()(exception, view.get_exception_handler_context())
        if response is None:
            raise
        return response


def caller_of(request: Request) -> str:
    """The person who is logged in, else the address."""
    person = request.user
    return name_of(person) if person.is_authenticated else f"address:{client_ip(request)}"


def name_of(person: Any) -> str:
    return f"person:{person.pk}"


def digest(purpose: str, text: bytes) -> str:
    message = purpose.encode() + b"\n" + text
    return hmac.new(settings.SECRET_KEY.encode(), message, "sha256").hexdigest()


def replays_of(person: Any) -> models.QuerySet[Replay]:
    """The stored answers to the requests of this person."""
    return Replay.objects.filter(who=digest("who", name_of(person).encode()))


def expired_replays() -> models.QuerySet[Replay]:
    """The stored answers that are older than KEEP_FOR."""
    return Replay.objects.filter(created__lte=timezone.now() - KEEP_FOR)
