"""Django's admin: tasks, mail, audit log and workers, which have no pages of their own.

Its log-in is that of the site, with the same limits and the same proof of the address.
"""

from datetime import timedelta

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from eventflow.core.admin_lists import BoundedAdmin, ReadOnlyAdmin
from eventflow.core.audit import AuditEntry
from eventflow.jobs.models import Worker
from eventflow.mail import services
from eventflow.mail.models import Mail

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "EventFlow"

admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(BoundedAdmin, DBTaskResultAdmin):
    """The list of background tasks: the library's own, bounded as every list here."""


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """The outbox. Stuck mails can be sent again."""

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
        queued = sum(services.resend(mail) for mail in chosen)
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
class AuditAdmin(ReadOnlyAdmin):
    """The audit log, to look up by target, person or request id."""

    list_display = ["at", "by", "action", "target_type", "target_id", "request_id"]
    list_filter = ["action", "target_type"]
    list_select_related = ["by"]
    search_fields = ["=target_id", "=request_id", "by__email"]
    date_hierarchy = "at"


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """The workers that are alive."""

    list_display = ["id", "seen_at"]
