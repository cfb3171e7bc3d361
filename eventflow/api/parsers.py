"""Reading the body of a request: JSON, or the fields of a form where no value is nested."""

import json
from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant


class JsonBody(JSONParser):
    """JSON in UTF-8, with or without a byte order mark.

    Raises ParseError for bad JSON, and for brackets nested deeper than Python reads.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode("utf-8-sig"), parse_constant=strict_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


def as_dict(body: Any) -> Any:
    """A form's fields as a dict, the last value of each; anything else as it is.

    In a QueryDict a serializer would see a field that was not sent as an empty one.
    """
    return body.dict() if isinstance(body, QueryDict) else body
