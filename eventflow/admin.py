"""Django's admin, for what has no page of its own. Who logs in there logs in with us: same limits, same proof of address."""

from datetime import timedelta
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from eventflow.core.audit import AuditEntry
from eventflow.core.search import LONGEST, every_word
from eventflow.jobs.models import Worker
from eventflow.mail import services
from eventflow.mail.models import Mail

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "EventFlow"


class SafeList(ChangeList):
    """A list whose filters may hold anything: what is no value of its column leads to the list without it."""

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except (OverflowError, ValueError) as error:
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (OverflowError, TypeError, ValueError, DataError) as error:
            raise IncorrectLookupParameters(error) from error


class SafeAdmin(admin.ModelAdmin):
    """Lists whose search and filters are bounded: the base of every list here."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SafeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if len(search_term) > LONGEST:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)


class FoldedSearch(SafeAdmin):
    """Searches `search_fields` as every other page does: folded text, addresses, codes."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        return queryset.filter(every_word(search_term, *self.search_fields)), False


class ReadOnly(SafeAdmin):
    """To look at, not to touch."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(SafeAdmin, DBTaskResultAdmin):
    """The library's own, with our lists."""


@admin.register(Mail)
class MailAdmin(ReadOnly):
    list_display = ["kind", "to", "state", "attempts", "age", "next_attempt_at", "last_error"]
    list_filter = ["state"]
    search_fields = ["to"]
    exclude = ["args"]  # may hold a link that is a key
    actions = ["send_again"]

    @admin.display(description=_("kind"), ordering="builder")
    def kind(self, mail: Mail) -> str:
        return mail.builder.rpartition(".")[2]

    @admin.display(description=_("age"), ordering="created")
    def age(self, mail: Mail) -> str:
        return timesince(mail.created, timezone.now() + timedelta(seconds=1))

    @admin.action(description=_("Send again what is stuck"), permissions=["view"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Mail]) -> None:
        queued = sum(services.send_again(mail) for mail in chosen)
        self.message_user(
            request,
            ngettext("%d mail is on its way again.", "%d mails are on their way again.", queued)
            % queued,
            messages.SUCCESS,
        )
        if left := len(chosen) - queued:
            self.message_user(
                request,
                ngettext("%d was not stuck.", "%d were not stuck.", left) % left,
                messages.WARNING,
            )


@admin.register(AuditEntry)
class AuditAdmin(ReadOnly):
    list_display = ["at", "by", "action", "target_type", "target_id", "request_id"]
    list_filter = ["action", "target_type"]
    list_select_related = ["by"]
    search_fields = ["=target_id", "=request_id", "by__email"]
    date_hierarchy = "at"


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    list_display = ["id", "seen_at"]
