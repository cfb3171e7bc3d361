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
    from eventflow.mail import dev

    urlpatterns += [
        path("dev/mail/", dev.inbox, name="dev_mail"),
        path("dev/mail/<str:name>/", dev.message, name="dev_message"),
        path("dev/mail/<str:name>/html/", dev.html, name="dev_html"),
        path("dev/mail/<str:name>/<int:number>/", dev.attachment, name="dev_attachment"),
    ]
