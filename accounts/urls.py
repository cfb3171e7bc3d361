"""The addresses of our own pages about people, and of allauth's that lead to our views."""

from django.urls import path, re_path

from accounts.views import activation, roles, security, sessions, settings

app_name = "accounts"
urlpatterns = [
    path("activate/<path:key>/", activation.activate, name="activate"),
    path("accounts/activation/", activation.resend_activation_link, name="send_link_again"),
    path("accounts/not-me/<str:token>/", activation.undo_address_change, name="not_me"),
    path("accounts/sessions/", sessions.session_list, name="sessions"),
    path("accounts/sessions/end/", sessions.revoke_other_sessions, name="end_other_sessions"),
    path("accounts/sessions/<int:pk>/end/", sessions.revoke_session, name="end_session"),
    path("accounts/settings/", settings.settings, name="settings"),
    path("accounts/settings/delete/", settings.delete_account, name="delete"),
    path("administration/roles/", roles.roles, name="roles"),
    path("administration/roles/<int:pk>/", roles.grant_role, name="grant_role"),
    path("i18n/setlang/", settings.set_language, name="set_language"),
    # Some of allauth's own addresses, which lead to our views: this file is asked first.
    path("accounts/signup/", activation.SignupView.as_view()),
    re_path(r"^accounts/confirm-email/(?P<key>.+)/$", activation.activate),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        security.NewPasswordView.as_view(),
    ),
]
