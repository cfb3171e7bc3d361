from allauth.account.views import confirm_email
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("activate/<path:key>/", confirm_email, name="activate"),
    path("accounts/settings/", views.settings, name="settings"),
    path("administration/roles/", views.roles, name="roles"),
    path("administration/roles/<int:pk>/", views.grant_role, name="grant_role"),
]
