"""How the API says no: every exception, ours and the framework's, becomes the envelope of the contract."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from eventflow.core.errors import Refused, envelope

# What the framework refuses, as its own exception: status, code, words. The first that fits.
FRAMEWORK: list[tuple[type[Exception], int, str, Any]] = [
    (
        exceptions.ValidationError,
        400,
        "invalid",
        _("Some of this is not right. Each field says what."),
    ),
    (exceptions.ParseError, 400, "malformed", _("The body is not valid JSON.")),
    (
        exceptions.NotAuthenticated,
        401,
        "not_authenticated",
        _("Sign in first: this needs a token."),
    ),
    (
        exceptions.AuthenticationFailed,
        401,
        "token_invalid",
        _("This token is not valid any more. Sign in again."),
    ),
    (PermissionDenied, 403, "forbidden", _("You may not do this.")),
    (exceptions.PermissionDenied, 403, "forbidden", _("You may not do this.")),
    (Http404, 404, "not_found", _("There is nothing here.")),
    (exceptions.NotFound, 404, "not_found", _("There is nothing here.")),
    (
        exceptions.MethodNotAllowed,
        405,
        "method_not_allowed",
        _("This address does not take that method."),
    ),
    (RequestDataTooBig, 413, "too_large", _("This is too large to send at once.")),
    (
        exceptions.UnsupportedMediaType,
        415,
        "unsupported_media_type",
        _("Send JSON or a form, and say which as Content-Type."),
    ),
    (exceptions.Throttled, 429, "throttled", _("Too many requests. Try again a little later.")),
]
# The refusals of services that are not a plain 400.
STATUS_OF = {
    "wrong_credentials": 401,
    "token_invalid": 401,
    "second_factor_required": 401,
    "second_factor_wrong": 401,
    "two_factors_required": 403,
    "other_device": 403,
    "too_many_attempts": 429,
    "idempotency_in_flight": 409,
    "idempotency_other_body": 422,
}


def answer_to(exception: Exception, context: dict[str, Any]) -> Response | None:
    """The refusal in the envelope. None for what is no refusal but a bug, which then becomes a logged 500."""
    if isinstance(exception, Refused):
        errors = {exception.field: [exception.message]} if exception.field else {}
        body = envelope(exception.code, exception.message, errors)
        return Response(
            body, status=STATUS_OF.get(exception.code, 400), headers=headers_of(exception)
        )
    for kind, status, code, words in FRAMEWORK:
        if isinstance(exception, kind):
            errors = (
                flat(exception.detail) if isinstance(exception, exceptions.ValidationError) else {}
            )
            return Response(
                envelope(code, the_one(errors) or words, errors),
                status=status,
                headers=headers_of(exception),
            )
    return None


def the_one(errors: dict[str, list[str]]) -> str:
    """What is wrong with the only field that is wrong, for clients that show nothing but the message; else nothing."""
    return " ".join(*errors.values()) if len(errors) == 1 else ""


def headers_of(exception: Exception) -> dict[str, str]:
    """What HTTP wants beside the status: how to authenticate, and when to come back."""
    headers = {}
    if getattr(exception, "auth_header", ""):
        headers["WWW-Authenticate"] = exception.auth_header  # type: ignore[attr-defined]
    if getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(exception.wait))  # type: ignore[attr-defined]
    return headers


def flat(detail: Any) -> dict[str, list[str]]:
    """DRF's errors as {field: [words]}; those about no field stand under `non_field_errors`, nested ones under the outermost name."""
    if not isinstance(detail, dict):
        return {"non_field_errors": words(detail)}
    return {str(field): words(errors) for field, errors in detail.items()}


def words(errors: Any) -> list[str]:
    if isinstance(errors, dict):
        return [word for inner in errors.values() for word in words(inner)]
    if isinstance(errors, list):
        return [word for inner in errors for word in words(inner)]
    # The words may repeat what was sent, and half of a surrogate pair can't be sent back.
    return [str(errors).encode(errors="replace").decode()]
