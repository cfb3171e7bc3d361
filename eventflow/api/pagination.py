"""Pages of a list: three queries and as many rows as a page has, wherever in the list it stands."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from eventflow.paging import rows_between

MOST = 200


class PageQuery(serializers.Serializer):
    """Which page. More than MOST rows at once are cut down to MOST, as clients that ask for "everything" expect."""

    page = serializers.IntegerField(min_value=1, default=1, help_text="1 is the first page.")
    page_size = serializers.IntegerField(min_value=1, default=20, help_text=f"Rows a page, at most {MOST}.")


def page_of(
    queryset: QuerySet[Any],
    request: Request,
    serializer: type[serializers.Serializer],
    *,
    finish: Callable[[list[Any]], None] | None = None,
    count: int | None = None,
) -> dict[str, Any]:
    """`{count, next, previous, results}` of a queryset that is ordered down to its key. Beyond the last page: NotFound.

    `finish` completes the rows of the page with what is cheaper to find out for all of them at once; `count`, where somebody knows it, saves
    the database the counting.
    """
    query = PageQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    number, size = query.validated_data["page"], min(query.validated_data["page_size"], MOST)
    count = queryset.count() if count is None else count
    last = max(1, -(-count // size))
    if number > last:
        raise NotFound
    rows = rows_between(queryset, (number - 1) * size, min(number * size, count), count)
    if finish:
        finish(rows)
    url = request.build_absolute_uri()
    return {
        "count": count,
        "next": replace_query_param(url, "page", number + 1) if number < last else None,
        "previous": previous(url, number),
        "results": serializer(rows, many=True).data,
    }


def previous(url: str, number: int) -> str | None:
    if number == 1:
        return None
    return remove_query_param(url, "page") if number == 2 else replace_query_param(url, "page", number - 1)
