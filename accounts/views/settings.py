"""A person's own settings: names, language, mail; and the deletion of the account."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_http_methods, require_POST

from accounts import deletion, people
from accounts.decorators import PersonRequest, login_required
from accounts.forms import SettingsForm
from eventflow.core.csrf_origin import same_origin_only
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_draft(SettingsForm)
def settings(request: PersonRequest) -> HttpResponse:
    """Names, language and, for organizers, how often they get mail; with links to the rest."""
    form = SettingsForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        people.change_settings(request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:settings")
    return render(request, "accounts/settings.html", {"form": form})


@login_required
@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: PersonRequest) -> HttpResponse:
    """What the deletion of the account means, and its button, which asks for the password again."""
    if request.method != "POST":
        return deletion_page(request)
    try:
        deletion.delete_account(request.user)
    except Refused as refusal:
        return deletion_page(request, refusal)
    logout(request)
    messages.success(request, _("Your account is deleted."))
    return redirect("events:list")


def deletion_page(request: PersonRequest, refusal: Refused | None = None) -> HttpResponse:
    status = 409 if refusal else 200
    return render(request, "accounts/delete.html", {"refusal": refusal}, status=status)


@same_origin_only
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Use this language on this device, and everywhere for a person who is logged in."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(django_settings.LANGUAGES):
        people.change_settings(request.user, language=language)
    return i18n.set_language(request)
