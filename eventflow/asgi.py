"""The ASGI application, for any server: requests go to Django, sockets to Channels."""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventflow.settings")
try:
    django.setup(set_prefix=False)
except ImproperlyConfigured as error:
    # What is wrong with the environment is one sentence, not a traceback.
    sys.exit(f"EventFlow can't start: {error}")

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import SessionMiddlewareStack
from django.conf import settings

from eventflow.core.headers import DefaultHeaders
from eventflow.observability.health import Probes
from eventflow.observability.prometheus import metrics_page
from eventflow.server.application import Application, check
from eventflow.server.handler import OneHopHandler
from eventflow.server.proxies import BehindProxies
from eventflow.server.sockets import AllowedOriginsOnly, RetryOnDatabaseFailure
from events.live.feeds import FeedRegistry
from events.live.routing import socket_routes

try:
    check()
except ImproperlyConfigured as error:
    sys.exit(f"EventFlow can't start: {error}")

pages, feeds = OneHopHandler(), FeedRegistry()
# Without a token there is no such page, and Django answers 404.
numbers = {"/metrics": metrics_page} if settings.METRICS_TOKEN else {}
sockets = SessionMiddlewareStack(URLRouter(socket_routes(feeds)))
routes = {
    "http": Probes(pages, numbers),
    "websocket": AllowedOriginsOnly(RetryOnDatabaseFailure(sockets)),
}
routed = DefaultHeaders(ProtocolTypeRouter(routes))
behind_proxies = BehindProxies(routed, trusted=settings.TRUSTED_PROXIES)
application = Application(behind_proxies, pages=pages, feeds=feeds)
