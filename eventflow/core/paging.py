"""Pages of a list that cost as much at its end as at its beginning."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


class KeyPaginator(Paginator):
    """Django's paginator, for a queryset that is ordered down to its key.

    The database walks over every row before an OFFSET: here over keys only, which an index holds,
    from the nearer end, so over half of them at most. `count` is given where it is known already;
    else the database counts.
    """

    def __init__(self, queryset: QuerySet[Any], per_page: int, *, count: int | None = None) -> None:
        super().__init__(queryset, per_page)
        self.queryset = queryset
        if count is not None:
            self.count = count

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        stop = min(start + self.per_page, self.count)
        keys = self.keys_between(start, stop)
        rows = {row.pk: row for row in self.queryset.filter(pk__in=keys).order_by()}
        return Page([rows[key] for key in keys if key in rows], number, self)

    def keys_between(self, start: int, stop: int) -> list[Any]:
        """The keys of queryset[start:stop], counted from the nearer end."""
        keys = self.queryset.values_list("pk", flat=True)
        if start <= self.count - stop:
            return list(keys[start:stop])
        return list(keys.reverse()[self.count - stop : self.count - start])[::-1]
