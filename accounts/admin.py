"""People in Django's admin: find, add, block; and second factors, to remove a lost one.

Roles have a page of their own. Passwords and addresses are changed by their owners only.
"""

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

from accounts import activation, people, second_factor
from accounts.allauth_forms import unsaved_person
from accounts.models import User
from eventflow.core.admin_lists import FoldedSearchAdmin
from eventflow.core.errors import Refused

admin.site.unregister(Group)  # the one role of a person decides what they may do
admin.site.unregister(Authenticator)  # holds secrets; registered below without them
admin.site.unregister(EmailAddress)  # must agree with the person's address, as our services ensure


class PersonForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class NewPersonForm(PersonForm):
    """A new person whose address the Admin knows: they can log in at once, without a mail."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "password" in data:
            try:
                validate_password(data["password"], unsaved_person(data))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


@admin.register(User)
class PersonAdmin(FoldedSearchAdmin):
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
        if not change:
            kwargs["form"] = NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.fields if obj else ["email", "first_name", "last_name", "language", "password"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.readonly_fields if obj else []

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A deleted account cannot be changed."""
        return super().has_change_permission(request, obj) and not (obj and obj.is_deleted)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are blocked, not deleted: their tickets and decisions refer to them."""
        return False

    def add_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Hash the password before Django opens the transaction in which it handles the form."""
        if request.method == "POST" and self.has_add_permission(request):
            request.hashed_password = make_password(request.POST.get("password"))
        return super().add_view(request, *args, **kwargs)

    def save_model(self, request: Any, obj: User, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.password = request.hashed_password
            people.add_person(obj, by=request.user)
            return
        fields = ["first_name", "last_name", "language"]
        people.change_settings(obj, **{name: form.cleaned_data[name] for name in fields})
        if "is_active" in form.changed_data:
            self.save_is_active(request, obj)

    def save_is_active(self, request: Any, person: User) -> None:
        change = people.unblock_person if person.is_active else people.block_person
        try:
            change(person, by=request.user)
        except Refused as refusal:
            self.message_user(request, refusal.message, messages.ERROR)

    @admin.action(description=_("Activate without a mail"), permissions=["change"])
    def activate(self, request: Any, chosen: QuerySet[User]) -> None:
        count = sum(activation.activate_by_admin(person, by=request.user) for person in chosen)
        message = ngettext("%d person activated.", "%d people activated.", count) % count
        self.message_user(request, message, messages.SUCCESS)


@admin.register(Authenticator)
class SecondFactorAdmin(FoldedSearchAdmin):
    """Who has a second factor. An Admin can remove one that its owner has lost.

    The Admin has to make sure first that it is the owner who asks.
    """

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: Any, obj: Authenticator) -> None:
        second_factor.remove_factor(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Delete one by one, so that the audit log has an entry for each."""
        for factor in queryset:
            self.delete_model(request, factor)
