"""Lists: whole, for clients that read them at once, or page by page."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from eventflow.api.endpoint import respond
from eventflow.core.errors import Refused
from eventflow.core.paging import KeyPaginator

# So many rows on a page, and in a list that is read whole.
MAX_PAGE_SIZE = 200
MAX_WHOLE_LIST = 10_000


class PageQuery(serializers.Serializer):
    """Which page. More than MAX_PAGE_SIZE rows are cut down: clients ask so for "everything"."""

    page = serializers.IntegerField(min_value=1, default=1, help_text="1 is the first page.")
    page_size = serializers.IntegerField(
        min_value=1, default=20, help_text=f"Rows a page, at most {MAX_PAGE_SIZE}."
    )


@dataclass
class Rows:
    """The rows of a list: a queryset that is ordered down to its key, and their serializer.

    `finish` completes the rows that are shown, with one query for all of them. `count` is given
    where it is known already; else the database counts.
    """

    queryset: QuerySet[Any]
    serializer: type[serializers.Serializer]
    finish: Callable[[list[Any]], None] | None = None
    count: int | None = None

    @property
    def total(self) -> int:
        return self.queryset.count() if self.count is None else self.count

    def serialize(self, rows: list[Any]) -> Any:
        if self.finish:
            self.finish(rows)
        return self.serializer(rows, many=True).data


class Pages(PageNumberPagination):
    """DRF's pages over our paginator. Page and size are read by PageQuery, which refuses others."""

    def __init__(self, query: Mapping[str, int], count: int | None) -> None:
        self.query = query
        paginator: Any = partial(KeyPaginator, count=count)
        self.django_paginator_class = paginator

    def get_page_size(self, request: Request) -> int:
        return min(self.query["page_size"], MAX_PAGE_SIZE)

    def get_page_number(self, request: Request, paginator: Paginator) -> int:
        return self.query["page"]


def page_of(rows: Rows, request: Request) -> dict[str, Any]:
    """`{count, next, previous, results}` of the page that the query string asks for.

    Raises NotFound beyond the last page, ValidationError for a bad parameter.
    """
    pages = Pages(read_query(request, PageQuery), rows.count)
    shown = pages.paginate_queryset(rows.queryset, request) or []
    return pages.get_paginated_response(rows.serialize(shown)).data


def whole_or_page(rows: Rows, request: Request) -> tuple[Any, dict[str, str]]:
    """The `data` of a list and its headers.

    The data is every row, or a page where `page` or `page_size` is sent. Of more than
    MAX_WHOLE_LIST rows it is the first so many, with a link to the page where the others begin.
    """
    if PageQuery().fields.keys() & request.query_params.keys():
        return page_of(rows, request), {}
    found = list(rows.queryset[: MAX_WHOLE_LIST + 1])
    if len(found) <= MAX_WHOLE_LIST:
        return rows.serialize(found), {"X-Total-Count": str(len(found))}
    link = replace_query_param(request.build_absolute_uri(), "page_size", MAX_PAGE_SIZE)
    link = replace_query_param(link, "page", MAX_WHOLE_LIST // MAX_PAGE_SIZE + 1)
    headers = {"X-Total-Count": str(rows.total), "Link": f'<{link}>; rel="next"'}
    return rows.serialize(found[:MAX_WHOLE_LIST]), headers


def read_query(request: Request, query: type[serializers.Serializer]) -> dict[str, Any]:
    """The validated query string; an empty parameter counts as not sent.

    Raises ValidationError, parameter by parameter.
    """
    read = query(data={name: value for name, value in request.query_params.items() if value})
    read.is_valid(raise_exception=True)
    return read.validated_data


def read_list_query(
    request: Request, query: type[serializers.Serializer] | None = None
) -> dict[str, Any]:
    """The filters of a list. Refused: unknown_parameter, for one neither of `query` nor a page."""
    known = [*(query().fields if query else []), *PageQuery().fields]
    refuse_unknown_parameters(request.query_params, known)
    return read_query(request, query) if query else {}


def refuse_unknown_parameters(parameters: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse what would be ignored, because it would be taken for a filter that works.

    Refused: unknown_parameter.
    """
    for name in parameters:
        if name not in known:
            message = _("There is no parameter “%(name)s” here. Known are: %(known)s.")
            shown = {"name": name[:50], "known": ", ".join(known)}
            raise Refused("unknown_parameter", message % shown, field=name[:50])


def respond_with_list(rows: Rows, request: Request) -> Response:
    """The answer of a list that existing clients read whole."""
    data, headers = whole_or_page(rows, request)
    return respond(data, headers=headers)
