"""`Idempotency-Key`: a request sent again, because its answer got lost, gets that answer and changes nothing.

After the IETF draft "The Idempotency-Key HTTP Header Field". The key and what the request did are written in one
transaction: there is no moment at which one exists without the other.
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
from django.utils.translation import gettext_lazy
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.allauth_bridge import client_ip
from eventflow.core.errors import Refused

KEPT = timedelta(hours=24)
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}")
# How long a request may run before another with its key is no longer turned away but waits in the database. In seconds.
IN_FLIGHT = 30
REPLAYED = {"Idempotent-Replayed": "true"}

Handler = Callable[..., Response]


class Replay(models.Model):
    """The answer that a key got. Neither the key nor the body nor the answer can be read from this row alone."""

    # Of who asks: enough to find what is kept for somebody who is known, and to tell nobody who that is.
    who = models.CharField(max_length=64, default="", db_index=True, editable=False)
    # Of who asks and the key.
    key = models.CharField(max_length=64, unique=True, editable=False)
    # Of method, path and body.
    request = models.CharField(max_length=64, editable=False)
    status = models.PositiveSmallIntegerField(editable=False)
    # Encrypted under the key and the request: an answer can hold tokens.
    answer = models.BinaryField(editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        verbose_name = gettext_lazy("idempotent answer")
        verbose_name_plural = gettext_lazy("idempotent answers")

    def __str__(self) -> str:
        return str(self.pk)


def idempotent(handler: Handler) -> Handler:
    """Make a view's method answer a repeated `Idempotency-Key` with its first answer, refusals included.

    Refused: idempotency_key_invalid, idempotency_other_body (422), idempotency_in_flight (409).
    """

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        attempt = Attempt(request, key)
        with attempt:
            return attempt.earlier() or attempt.first(
                lambda: handler(view, request, *args, **kwargs), view
            )

    return once


class Attempt:
    """One request with a key, from its claim to its answer."""

    def __init__(self, request: Request, key: str) -> None:
        if not WELL_FORMED.fullmatch(key):
            raise Refused(
                "idempotency_key_invalid",
                _("An Idempotency-Key is 1 to 255 printable ASCII characters, without spaces."),
            )
        who = (
            name_of(request.user)
            if request.user.is_authenticated
            else f"address:{client_ip(request)}"
        )
        what = f"{request.method} {request.get_full_path()}\n".encode() + request._request.body
        self.who, self.key, self.request = (
            digest("who", who.encode()),
            digest("key", f"{who} {key}".encode()),
            digest("request", what),
        )
        self.cipher = Fernet(
            base64.urlsafe_b64encode(
                hmac.digest(settings.SECRET_KEY.encode(), f"{who} {key}".encode() + what, "sha256")
            )
        )

    def __enter__(self) -> None:
        """Claim the key. Two who both believe they have it (the cache forgets) still write one row: it is unique."""
        if not cache.add(self.claim, 1, timeout=IN_FLIGHT):
            raise Refused(
                "idempotency_in_flight",
                _("The same request is being worked on. Ask again in a second."),
                wait=1,
            )

    def __exit__(self, *exc_info: object) -> None:
        cache.delete(self.claim)

    @property
    def claim(self) -> str:
        return f"idempotency:{self.key}"

    def earlier(self) -> Response | None:
        """The answer that this key got before, if it did."""
        replay = Replay.objects.filter(key=self.key, created__gt=timezone.now() - KEPT).first()
        if replay is None:
            return None
        if replay.request != self.request:
            raise Refused(
                "idempotency_other_body",
                _(
                    "This Idempotency-Key came with another request before. Use a new key for a new request."
                ),
            )
        return Response(
            json.loads(self.cipher.decrypt(bytes(replay.answer))),
            status=replay.status,
            headers=REPLAYED,
        )

    def first(self, act: Callable[[], Response], view: Any) -> Response:
        """Act, and keep the answer in the same transaction; not that of a limit."""
        try:
            with transaction.atomic():
                expired().filter(key=self.key).delete()
                response = refusals_too(act, view)
                if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                    # It says: later. With the key it would be the answer then, too.
                    return response
                answer = self.cipher.encrypt(view.as_json(response))
                Replay.objects.create(
                    who=self.who,
                    key=self.key,
                    request=self.request,
                    status=response.status_code,
                    answer=answer,
                )
                return response
        except IntegrityError:
            # Somebody with the same key was faster, and what we did is undone.
            earlier = self.earlier()
            if earlier is None:
                raise
            return earlier


def refusals_too(act: Callable[[], Response], view: Any) -> Response:
    """A refusal is an answer as well. Services undo themselves what they refuse; what they mean to keep, as a revoked token, stays."""
    try:
        return act()
    except Exception as exception:
        response = view.get_exception_handler()(exception, view.get_exception_handler_context())
        if response is None:
            raise
        return response


def digest(purpose: str, text: bytes) -> str:
    return hmac.new(
        settings.SECRET_KEY.encode(), purpose.encode() + b"\n" + text, "sha256"
    ).hexdigest()


def name_of(person: Any) -> str:
    return f"person:{person.pk}"


def kept_for(person: Any) -> models.QuerySet[Replay]:
    """The answers to what this person asked, signed in."""
    return Replay.objects.filter(who=digest("who", name_of(person).encode()))


def expired() -> models.QuerySet[Replay]:
    """The answers that are older than KEPT."""
    return Replay.objects.filter(created__lte=timezone.now() - KEPT)
