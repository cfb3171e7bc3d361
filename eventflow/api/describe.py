"""`describe`: what a method of an endpoint takes and gives, for the OpenAPI document."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from eventflow.api.pagination import PageQuery

UNKNOWN_PARAMETER = "There is no parameter “ordering” here. Known are: page, page_size."
NO_PAGE = {"not_found": "There is no such page."}
# Besides the refusals that an endpoint describes: those of its rows.
LIST_REFUSALS = {"pages": NO_PAGE, "whole": NO_PAGE | {"unknown_parameter": UNKNOWN_PARAMETER}}


def describe(
    summary: str,
    *,
    operation: str,
    answer: Any = None,
    status: int = 200,
    rows: Literal["pages", "whole"] | None = None,
    binary: Mapping[str, str] | None = None,
    request: Any = None,
    query: Any = None,
    refusals: Mapping[str, str] | None = None,
    example: Any = None,
    sent: Any = None,
    deprecated: bool = False,
) -> Callable[[Any], Any]:
    """Describe a method of an endpoint. Its docstring is the description, `summary` the title.

    `operation`: its name in generated clients.
    `answer`: the serializer of `data`, or of each of its `rows`. Rows come always in pages
    ("pages"), or as a whole list unless a page is asked for ("whole").
    `request`, `query`: the serializers of the body and of the query string.
    `refusals`: {code: message}, besides those that every endpoint has.
    `sent`, `example`: examples of the body and of `data`, or of one row of it.
    `binary`: {media type: description}, for an answer that is a file.
    """
    schema = extend_schema(
        summary=summary,
        request=request,
        parameters=[part for part in (query, rows and PageQuery) if part],
        responses=file_responses(binary) if binary else data_response(answer, rows, status),
        examples=examples_of(example, sent, rows=rows, status=status, binary=bool(binary)),
    )

    def decorate(method: Any) -> Any:
        method = schema(method)
        method.operation, method.rows, method.deprecated = operation, rows, deprecated
        method.refusals = {**(refusals or {}), **LIST_REFUSALS.get(rows or "", {})}
        return method

    return decorate


def examples_of(
    example: Any, sent: Any, *, rows: str | None, status: int, binary: bool
) -> list[OpenApiExample]:
    """Examples of the body and of the answer in its envelope; both shapes of a whole list."""
    shapes = {
        None: {"Answer": example},
        "pages": {"Answer": one_page(example)},
        "whole": {"Whole": [example], "Page": one_page(example)},
    }
    answers = {} if binary else shapes[rows]
    examples = [
        OpenApiExample(
            name,
            value={"success": True, "message": "OK", "data": data},
            response_only=True,
            status_codes=[str(status)],
        )
        for name, data in answers.items()
    ]
    if sent is not None:
        examples.append(OpenApiExample("Request", value=sent, request_only=True))
    return examples


def data_response(answer: Any, rows: str | None, status: int) -> dict[int, OpenApiResponse]:
    return {status: OpenApiResponse(enveloped(answer, rows=rows), "Done.")}


def file_responses(binary: Mapping[str, str]) -> dict[Any, OpenApiResponse]:
    return {
        (200, media_type): OpenApiResponse(OpenApiTypes.BINARY, words)
        for media_type, words in binary.items()
    }


def one_page(row: Any) -> dict[str, Any]:
    return {"count": 1, "next": None, "previous": None, "results": [row]}


@extend_schema_field({"type": "null"})
class Null(serializers.JSONField):
    """The `data` of an answer that has none."""


@cache
def enveloped(answer: Any, *, rows: str | None) -> Any:
    """The serializer of a whole answer around the serializer of its `data`."""
    name = answer.__name__ if answer else "Nothing"
    data = answer() if answer else Null()
    if rows:
        data, name = page_serializer(answer), f"{name}Page"
    if rows == "whole":
        name = f"{answer.__name__}List"
        shapes = [answer(many=True), data]
        data = one_of(name, shapes)
    fields = {
        "success": serializers.BooleanField(),
        "message": serializers.CharField(),
        "data": data,
    }
    return inline_serializer(f"{name}Answer", fields)


def one_of(name: str, shapes: list[Any]) -> serializers.Field:
    """A field that has one of these shapes."""
    kind = type(name, (serializers.JSONField,), {})
    either = PolymorphicProxySerializer(name, shapes, resource_type_field_name=None, many=False)
    return extend_schema_field(either)(kind)()


@cache
def page_serializer(answer: Any) -> serializers.Serializer:
    rows = {
        "count": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": answer(many=True),
    }
    return inline_serializer(f"{answer.__name__}Page", rows)
