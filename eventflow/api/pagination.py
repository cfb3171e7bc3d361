"""Lists: whole for clients that read them in one go, or page by page, for the same price wherever a page stands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from eventflow.api.endpoint import answer
from eventflow.core.errors import Refused
from eventflow.core.paging import rows_between

# Of a page, and of a list that is read whole.
MOST = 200
MOST_AT_ONCE = 10_000


class PageQuery(serializers.Serializer):
    """Which page. More than MOST rows at once are cut down to MOST, as clients that ask for "everything" expect."""

    page = serializers.IntegerField(min_value=1, default=1, help_text="1 is the first page.")
    page_size = serializers.IntegerField(
        min_value=1, default=20, help_text=f"Rows a page, at most {MOST}."
    )


@dataclass
class Rows:
    """What a list shows: a queryset that is ordered down to its key, and what makes an answer of it.

    `finish` completes the rows shown with what is cheaper to find out for all of them at once; `count`, where somebody
    knows it, saves the database the counting.
    """

    queryset: QuerySet[Any]
    serializer: type[serializers.Serializer]
    finish: Callable[[list[Any]], None] | None = None
    count: int | None = None

    @property
    def how_many(self) -> int:
        return self.queryset.count() if self.count is None else self.count

    def shown(self, rows: list[Any]) -> Any:
        if self.finish:
            self.finish(rows)
        return self.serializer(rows, many=True).data


def page_of(rows: Rows, request: Request) -> dict[str, Any]:
    """`{count, next, previous, results}` of the page that the request asks for. Beyond the last page: NotFound."""
    query = filters_of(request, PageQuery)
    number, size = query["page"], min(query["page_size"], MOST)
    count = rows.how_many
    last = max(1, -(-count // size))
    if number > last:
        raise NotFound
    found = rows_between(rows.queryset, (number - 1) * size, min(number * size, count), count)
    url = request.build_absolute_uri()
    return {
        "count": count,
        "next": replace_query_param(url, "page", number + 1) if number < last else None,
        "previous": previous(url, number),
        "results": rows.shown(found),
    }


def previous(url: str, number: int) -> str | None:
    if number == 1:
        return None
    return (
        remove_query_param(url, "page")
        if number == 2
        else replace_query_param(url, "page", number - 1)
    )


def whole_or_page(rows: Rows, request: Request) -> tuple[Any, dict[str, str]]:
    """The `data` of a list and its headers: every row, or the page object where `page` or `page_size` asks for a page.

    Of more than MOST_AT_ONCE rows the first so many, with a link to the page where the others begin.
    """
    if PageQuery().fields.keys() & request.query_params.keys():
        return page_of(rows, request), {}
    found = list(rows.queryset[: MOST_AT_ONCE + 1])
    if len(found) <= MOST_AT_ONCE:
        return rows.shown(found), {"X-Total-Count": str(len(found))}
    onward = replace_query_param(request.build_absolute_uri(), "page_size", MOST)
    onward = replace_query_param(onward, "page", MOST_AT_ONCE // MOST + 1)
    headers = {"X-Total-Count": str(rows.how_many), "Link": f'<{onward}>; rel="next"'}
    return rows.shown(found[:MOST_AT_ONCE]), headers


def filters_of(request: Request, query: type[serializers.Serializer]) -> dict[str, Any]:
    """What the query string asks for, as the serializer understands it; an empty parameter asks for nothing.

    Raises ValidationError, parameter by parameter.
    """
    read = query(data={name: value for name, value in request.query_params.items() if value})
    read.is_valid(raise_exception=True)
    return read.validated_data


def asked_of_list(
    request: Request, query: type[serializers.Serializer] | None = None
) -> dict[str, Any]:
    """The filters of a list. Refused: unknown_parameter, for one that is neither of `query` nor of a page."""
    refuse_unknown(request.query_params, [*(query().fields if query else []), *PageQuery().fields])
    return filters_of(request, query) if query else {}


def refuse_unknown(parameters: Mapping[str, Any], known: Iterable[str]) -> None:
    """A parameter that is ignored would be taken for a filter that works. Refused: unknown_parameter."""
    for name in parameters:
        if name not in known:
            words = _("There is no parameter “%(name)s” here. Known are: %(known)s.")
            shown = {"name": name[:50], "known": ", ".join(known)}
            raise Refused("unknown_parameter", words % shown, field=name[:50])


def listed(rows: Rows, request: Request) -> Response:
    """The answer of a list that existing clients read whole."""
    data, headers = whole_or_page(rows, request)
    return answer(data, headers=headers)
