"""Where every address leads. Each app names its own; this file only assembles."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from eventflow import health

handler500 = "eventflow.errors.server_error"
urlpatterns = [
    path("", include("events.urls")),
    path("", include("tickets.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("health/", health.health, name="health"),
]

if settings.DEV_MAIL:
    urlpatterns += [path("dev/mail/", include("eventflow.mail.urls"))]
