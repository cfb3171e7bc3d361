"""System checks: a configuration that can't work is refused at start, a doubtful one is named."""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from eventflow.api import limits
from eventflow.database import SQLITE

MAX_DRAIN_SECONDS = 6
IN_MEMORY = "channels.layers.InMemoryChannelLayer"


@register()
def check_shared_services(**kwargs: Any) -> list[CheckMessage]:
    """Several web processes need a database and a channel layer that they can share."""
    if settings.WEB_PROCESSES <= 1:
        return []
    errors: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"] == SQLITE:
        errors.append(
            Error(
                "More than one web process needs PostgreSQL.",
                hint="Set DATABASE_URL to one, or WEB_PROCESSES=1.",
                id="eventflow.E002",
            )
        )
    if settings.CHANNEL_LAYERS["default"]["BACKEND"] == IN_MEMORY:
        errors.append(
            Error(
                "More than one web process needs Redis.",
                hint="Set REDIS_URL, or WEB_PROCESSES=1.",
                id="eventflow.E003",
            )
        )
    return errors


@register(Tags.security)
def check_signing_key(**kwargs: Any) -> list[CheckMessage]:
    """TICKET_SIGNING_KEY is 32 bytes in base64, if it is set."""
    if not settings.TICKET_SIGNING_KEY or is_32_bytes(settings.TICKET_SIGNING_KEY):
        return []
    hint = (
        'Make one: python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'
    )
    return [Error("TICKET_SIGNING_KEY is not 32 bytes in base64.", hint=hint, id="eventflow.E004")]


@register()
def check_api_rates(**kwargs: Any) -> list[CheckMessage]:
    """The rates of the API can be read."""
    errors: list[CheckMessage] = []
    for name in ("API_RATE_PERSON", "API_RATE_ADDRESS"):
        try:
            limits.parse_rate(getattr(settings, name))
        except ImproperlyConfigured as error:
            errors.append(Error(f"{name}: {error}", id="eventflow.E005"))
    return errors


@register(Tags.security, deploy=True)
def check_rate_limits_are_on(**kwargs: Any) -> list[CheckMessage]:
    """Rate limits are on, where this is deployed."""
    if settings.RATE_LIMITS:
        return []
    return [
        Warning(
            "RATE_LIMITS=off: nothing slows down who guesses passwords.",
            hint="Only load tests want that.",
            id="eventflow.W001",
        )
    ]


@register()
def check_activation_needs_a_press(**kwargs: Any) -> list[CheckMessage]:
    """The activation link leads to a page with a button, and not to the API.

    The API activates at once, also for a program that only looks at the link.
    """
    if "/api/" not in settings.FRONTEND_ACTIVATION_URL:
        return []
    hint = "Name the base of a page with a button, which then asks the API; or of this site."
    message = (
        "FRONTEND_ACTIVATION_URL leads to the API: programs that check mails for bad links will "
        "activate accounts."
    )
    return [Warning(message, hint=hint, id="eventflow.W007")]


@register()
def check_https_has_a_proxy(**kwargs: Any) -> list[CheckMessage]:
    """A site on https has a trusted proxy.

    EventFlow itself speaks plain HTTP. Without such a proxy no request looks like https, and the
    forms of browsers are refused.
    """
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return []
    hint = "Set TRUSTED_PROXIES to the address or network of the proxy that ends TLS."
    return [
        Warning(
            f"{settings.SITE_URL} is reached by https, but no proxy is trusted to say so: forms "
            "will be refused.",
            hint=hint,
            id="eventflow.W002",
        )
    ]


@register()
def check_links_lead_to_pages(**kwargs: Any) -> list[CheckMessage]:
    """Mailed links lead to EventFlow itself, also beside a separate front end.

    Such a front end has an activation page, and not the pages of the other links.
    """
    activation = urlsplit(settings.FRONTEND_ACTIVATION_URL)
    front_ends = {urlsplit(origin).netloc for origin in settings.CORS_ALLOWED_ORIGINS}
    separate = activation.netloc in front_ends or activation.path.strip("/")
    if settings.SITE_URL_GIVEN or not separate:
        return []
    message = (
        f"FRONTEND_ACTIVATION_URL names a separate front end, and without SITE_URL every link in a "
        f"mail leads to {settings.SITE_URL} too: set SITE_URL to the address of EventFlow itself."
    )
    return [Warning(message, id="eventflow.W003")]


@register()
def check_settings_are_known(**kwargs: Any) -> list[CheckMessage]:
    """No setting is mistyped or of an earlier version."""
    if not settings.UNKNOWN_SETTINGS:
        return []
    return [Warning(f"not known here: {', '.join(settings.UNKNOWN_SETTINGS)}", id="eventflow.W004")]


@register()
def check_drain_time(**kwargs: Any) -> list[CheckMessage]:
    """The drain leaves running requests time to finish before the process ends."""
    if 0 <= settings.DRAIN_SECONDS <= MAX_DRAIN_SECONDS:
        return []
    return [
        Error(
            f"DRAIN_SECONDS is between 0 and {MAX_DRAIN_SECONDS}: a web process ends 9 s after "
            "SIGTERM.",
            id="eventflow.E006",
        )
    ]


def is_32_bytes(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
