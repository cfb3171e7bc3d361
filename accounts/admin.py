"""People in Django's admin: find, add, block. Roles have their page, passwords and addresses are their owners' business."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.forms import named_person
from accounts.models import User
from eventflow.admin import FoldedSearch
from eventflow.core.errors import Refused

admin.site.unregister(Group)  # a person's one role decides what they may do
admin.site.unregister(Authenticator)  # holds secrets; comes back below, without them
admin.site.unregister(
    EmailAddress
)  # it must agree with the person's own address; our services see to that


class PersonForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class NewPersonForm(PersonForm):
    """Somebody whom the Admin vouches for: may log in at once, without a mail."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "password" in data:
            try:
                validate_password(data["password"], named_person(data))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


@admin.register(User)
class PersonAdmin(FoldedSearch):
    list_display = ["email", "first_name", "last_name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["first_name_folded", "last_name_folded", "email"]
    fields = [
        "email",
        "first_name",
        "last_name",
        "language",
        "role",
        "is_active",
        "date_joined",
        "last_login",
    ]
    readonly_fields = ["email", "role", "date_joined", "last_login"]
    form = PersonForm
    actions = ["activate"]

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(
            request, obj, change, **kwargs | ({} if change else {"form": NewPersonForm})
        )

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.fields if obj else ["email", "first_name", "last_name", "language", "password"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.readonly_fields if obj else []

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Of a deleted account there is nothing left to change."""
        return super().has_change_permission(request, obj) and not (obj and obj.is_deleted)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are blocked: their tickets and decisions stay explained."""
        return False

    def add_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Hashes the password before Django opens the transaction that the form is handled in."""
        if request.method == "POST" and self.has_add_permission(request):
            request.hashed_password = make_password(request.POST.get("password"))
        return super().add_view(request, *args, **kwargs)

    def save_model(self, request: Any, obj: User, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.password = request.hashed_password
            services.add_person(obj, by=request.user)
            return
        wanted = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "language")}
        services.change_settings(obj, **wanted)
        if "is_active" in form.changed_data:
            self.switch(request, obj)

    def switch(self, request: Any, person: User) -> None:
        try:
            (services.unblock if person.is_active else services.block)(person, by=request.user)
        except Refused as refusal:
            self.message_user(request, refusal.message, messages.ERROR)

    @admin.action(description=_("Activate without a mail"), permissions=["change"])
    def activate(self, request: Any, chosen: QuerySet[User]) -> None:
        activated = sum(services.vouch_for(person, by=request.user) for person in chosen)
        self.message_user(
            request,
            ngettext("%d person activated.", "%d people activated.", activated) % activated,
            messages.SUCCESS,
        )


@admin.register(Authenticator)
class SecondFactorAdmin(FoldedSearch):
    """Who signs in in two steps. An Admin can take a step away from somebody who has lost it, after finding out that it is them."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.removed_by = request.user
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """One by one, so that the audit log names who it was."""
        for step in queryset:
            self.delete_model(request, step)
