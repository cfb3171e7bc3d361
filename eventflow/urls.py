"""The addresses of the site, assembled from those of the apps."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from eventflow.observability import health
from eventflow.operations.personal_data import views as personal_data
from eventflow.server import service_worker

handler400 = "eventflow.error_pages.bad_request"
handler403 = "eventflow.error_pages.forbidden"
handler404 = "eventflow.error_pages.not_found"
handler500 = "eventflow.error_pages.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("events.urls")),
    path("", include("tickets.urls")),
    path("", include("accounts.urls")),
    path("accounts/settings/data/", personal_data.page, name="your_data"),
    path("accounts/settings/data.json", personal_data.download, name="personal_data"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("accounts.second_factor_urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    # Django's own form would end no session and no token, send no mail and leave no audit entry.
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("api/", include("eventflow.api.urls")),
    # The same, for older clients.
    path("api/v1/", include("eventflow.api.urls", namespace="v1")),
    path("health/", health.health, name="health"),
    path("offline/", service_worker.offline_page, name="offline"),
    path("service-worker.js", service_worker.service_worker, name="service_worker"),
]

if settings.DEV_MAIL:
    urlpatterns += [path("dev/mail/", include("eventflow.mail.urls"))]
