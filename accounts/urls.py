from django.urls import path, re_path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("activate/<path:key>/", views.activate, name="activate"),
    path("accounts/activation/", views.send_link_again, name="send_link_again"),
    path("accounts/not-me/<str:token>/", views.not_me, name="not_me"),
    path("accounts/sessions/", views.session_list, name="sessions"),
    path("accounts/sessions/end/", views.end_other_sessions, name="end_other_sessions"),
    path("accounts/sessions/<int:pk>/end/", views.end_session, name="end_session"),
    path("accounts/settings/", views.settings, name="settings"),
    path("accounts/settings/delete/", views.delete, name="delete"),
    path("administration/roles/", views.roles, name="roles"),
    path("administration/roles/<int:pk>/", views.grant_role, name="grant_role"),
    path("i18n/setlang/", views.set_language, name="set_language"),
    # Some of allauth's own addresses, which lead to our views: this file is asked first.
    path("accounts/signup/", views.SignupView.as_view()),
    re_path(r"^accounts/confirm-email/(?P<key>.+)/$", views.activate),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.NewPasswordView.as_view(),
    ),
]
