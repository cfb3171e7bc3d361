"""Where a connection goes: requests through one hop to Django, sockets to Channels."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventflow.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.conf import settings  # noqa: E402

from eventflow.health import Probes  # noqa: E402
from eventflow.http import OneHopHandler  # noqa: E402
from eventflow.proxies import BehindProxies  # noqa: E402
from eventflow.scrape import metrics_page  # noqa: E402
from eventflow.sockets import OurPagesOnly, TryAgainLater  # noqa: E402
from events.routing import sockets  # noqa: E402

pages = OneHopHandler()
# Where nobody set a token there is no such page, and the pages say so.
numbers = {"/metrics": metrics_page} if settings.METRICS_TOKEN else {}
routes = {"http": Probes(pages, numbers), "websocket": OurPagesOnly(TryAgainLater(SessionMiddlewareStack(URLRouter(sockets))))}
application = BehindProxies(ProtocolTypeRouter(routes), trusted=settings.TRUSTED_PROXIES)
