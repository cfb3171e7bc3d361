"""How an exception becomes a refusal in the envelope of the contract: ours and the framework's."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from eventflow.core.errors import Refused, envelope

INVALID = _("Some of this is not right. Each field says what.")
MALFORMED = _("The body is not valid JSON.")
NOT_AUTHENTICATED = _("Sign in first: this needs a token.")
TOKEN_INVALID = _("This token is not valid any more. Sign in again.")
FORBIDDEN = _("You may not do this.")
NOT_FOUND = _("There is nothing here.")
METHOD_NOT_ALLOWED = _("This address does not take that method.")
TOO_LARGE = _("This is too large to send at once.")
MEDIA_TYPE = _("Send JSON or a form, and say which as Content-Type.")
THROTTLED = _("Too many requests. Try again a little later.")
# What the framework refuses, as its own exception: status, code, message. The first that fits.
FRAMEWORK: list[tuple[type[Exception], int, str, Any]] = [
    (exceptions.ValidationError, 400, "invalid", INVALID),
    (exceptions.ParseError, 400, "malformed", MALFORMED),
    (exceptions.NotAuthenticated, 401, "not_authenticated", NOT_AUTHENTICATED),
    (exceptions.AuthenticationFailed, 401, "token_invalid", TOKEN_INVALID),
    (PermissionDenied, 403, "forbidden", FORBIDDEN),
    (exceptions.PermissionDenied, 403, "forbidden", FORBIDDEN),
    (Http404, 404, "not_found", NOT_FOUND),
    (exceptions.NotFound, 404, "not_found", NOT_FOUND),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", METHOD_NOT_ALLOWED),
    (RequestDataTooBig, 413, "too_large", TOO_LARGE),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type", MEDIA_TYPE),
    (exceptions.Throttled, 429, "throttled", THROTTLED),
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


def refusal_response(exception: Exception, context: dict[str, Any]) -> Response | None:
    """The refusal in the envelope. None for a bug, which then becomes a logged 500."""
    if isinstance(exception, Refused):
        errors = {exception.field: [exception.message]} if exception.field else {}
        body = envelope(exception.code, exception.message, errors)
        status = STATUS_OF.get(exception.code, 400)
        return Response(body, status=status, headers=headers_of(exception))
    for kind, status, code, message in FRAMEWORK:
        if isinstance(exception, kind):
            errors = errors_of(exception)
            body = envelope(code, only_message(errors) or message, errors)
            return Response(body, status=status, headers=headers_of(exception))
    return None


def only_message(errors: dict[str, list[str]]) -> str:
    """What is wrong, if one field is; else empty. Some clients show nothing but the message."""
    return " ".join(*errors.values()) if len(errors) == 1 else ""


def headers_of(exception: Exception) -> dict[str, str]:
    """How to authenticate, and after how many seconds to try again."""
    headers = {}
    if challenge := getattr(exception, "auth_header", ""):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def errors_of(exception: Exception) -> dict[str, list[str]]:
    """The errors of a ValidationError as {field: [messages]}; of another exception none.

    Those about no field stand under `non_field_errors`, nested ones under the outermost name.
    """
    if not isinstance(exception, exceptions.ValidationError):
        return {}
    detail = exception.detail
    if not isinstance(detail, dict):
        return {"non_field_errors": messages_of(detail)}
    return {str(field): messages_of(errors) for field, errors in detail.items()}


def messages_of(errors: Any) -> list[str]:
    if isinstance(errors, dict):
        errors = list(errors.values())
    if isinstance(errors, list):
        return [message for inner in errors for message in messages_of(inner)]
    # A message may repeat what was sent, and half of a surrogate pair cannot be sent back.
    return [str(errors).encode(errors="replace").decode()]
