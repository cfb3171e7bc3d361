"""System checks: configurations that cannot work are refused at start."""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from eventflow.api import limits
from eventflow.database import SQLITE

MOST_DRAIN_SECONDS = 6
IN_MEMORY = "channels.layers.InMemoryChannelLayer"


@register()
def processes_share_everything(**kwargs: Any) -> list[CheckMessage]:
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
def signing_key_is_a_key(**kwargs: Any) -> list[CheckMessage]:
    if not settings.TICKET_SIGNING_KEY or is_32_bytes(settings.TICKET_SIGNING_KEY):
        return []
    hint = (
        'Make one: python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'
    )
    return [Error("TICKET_SIGNING_KEY is not 32 bytes in base64.", hint=hint, id="eventflow.E004")]


@register()
def rates_are_rates(**kwargs: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for name in ("API_RATE_PERSON", "API_RATE_ADDRESS"):
        try:
            limits.parse_rate(getattr(settings, name))
        except ImproperlyConfigured as error:
            errors.append(Error(f"{name}: {error}", id="eventflow.E005"))
    return errors


@register(Tags.security, deploy=True)
def limits_are_on(**kwargs: Any) -> list[CheckMessage]:
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
def activation_needs_a_press(**kwargs: Any) -> list[CheckMessage]:
    """Our page activates when its button is pressed. The API does at once, for whoever opens the link."""
    if "/api/" not in settings.FRONTEND_ACTIVATION_URL:
        return []
    hint = "Name the base of a page with a button, which then asks the API; or of this site."
    message = "FRONTEND_ACTIVATION_URL leads to the API: programs that check mails for bad links will activate accounts."
    return [Warning(message, hint=hint, id="eventflow.W007")]


@register()
def https_has_a_proxy(**kwargs: Any) -> list[CheckMessage]:
    """We speak plain HTTP. Without a proxy whose word counts no request looks like https, and browsers' forms are refused."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return []
    hint = "Set TRUSTED_PROXIES to the address or network of the proxy that ends TLS."
    return [
        Warning(
            f"{settings.SITE_URL} is reached by https, but no proxy is trusted to say so: forms will be refused.",
            hint=hint,
            id="eventflow.W002",
        )
    ]


@register()
def links_lead_to_pages(**kwargs: Any) -> list[CheckMessage]:
    """A separate front end has an activation page, and not the pages that every other mailed link opens."""
    activation = urlsplit(settings.FRONTEND_ACTIVATION_URL)
    front_ends = {urlsplit(origin).netloc for origin in settings.CORS_ALLOWED_ORIGINS}
    separate = activation.netloc in front_ends or activation.path.strip("/")
    if settings.SITE_URL_GIVEN or not separate:
        return []
    words = (
        f"FRONTEND_ACTIVATION_URL names a separate front end, and without SITE_URL every link in a "
        f"mail leads to {settings.SITE_URL} too: set SITE_URL to the address of EventFlow itself."
    )
    return [Warning(words, id="eventflow.W003")]


@register()
def settings_are_known(**kwargs: Any) -> list[CheckMessage]:
    if not settings.UNKNOWN_SETTINGS:
        return []
    return [Warning(f"not known here: {', '.join(settings.UNKNOWN_SETTINGS)}", id="eventflow.W004")]


@register()
def draining_leaves_time_to_finish(**kwargs: Any) -> list[CheckMessage]:
    if 0 <= settings.DRAIN_SECONDS <= MOST_DRAIN_SECONDS:
        return []
    return [
        Error(
            f"DRAIN_SECONDS is between 0 and {MOST_DRAIN_SECONDS}: a web process ends 9 s after SIGTERM.",
            id="eventflow.E006",
        )
    ]


def is_32_bytes(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
