from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.decorators import admin_required, login_required


@login_required
def settings(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/settings.html")


@admin_required
def roles(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/roles.html")


@admin_required
def grant_role(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "accounts/roles.html")
