"""Base classes for the lists of Django's admin."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from eventflow.core.search import LONGEST, every_word


class BoundedList(ChangeList):
    """A list that takes any filter: a value that its column can't have is ignored."""

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


class BoundedAdmin(admin.ModelAdmin):
    """The base of every list: its search and its filters are bounded."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if len(search_term) > LONGEST:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)


class FoldedSearchAdmin(BoundedAdmin):
    """Searches `search_fields` as every other page does: folded text, addresses, codes."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        return queryset.filter(every_word(search_term, *self.search_fields)), False


class ReadOnlyAdmin(BoundedAdmin):
    """A list whose rows can be looked at, and neither added, changed nor deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
