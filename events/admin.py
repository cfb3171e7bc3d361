"""Events in Django's admin, read-only: they are edited in the panel, which has their rules."""

from django.contrib import admin

from eventflow.core.admin_lists import FoldedSearchAdmin, ReadOnlyAdmin
from events.models import DoorStaff, Event


class DoorStaffInline(admin.TabularInline):
    model = DoorStaff
    fk_name = "event"
    fields = ["person", "added_by", "added"]
    readonly_fields = ["person", "added_by", "added"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(FoldedSearchAdmin, ReadOnlyAdmin):
    list_display = [
        "title",
        "status",
        "start_time",
        "organizer",
        "seats_limit",
        "confirmed_count",
        "pending_count",
        "checked_in_count",
    ]
    list_filter = ["status", "admission"]
    search_fields = ["title_folded", "location_folded", "organizer__email"]
    list_select_related = ["organizer"]
    date_hierarchy = "start_time"
    inlines = [DoorStaffInline]


@admin.register(DoorStaff)
class DoorStaffAdmin(FoldedSearchAdmin, ReadOnlyAdmin):
    list_display = ["event", "person", "added_by", "added"]
    search_fields = ["event__title_folded", "person__email"]
    list_select_related = ["event", "person", "added_by"]
