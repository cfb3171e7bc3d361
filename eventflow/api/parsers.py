"""What the body of a request says: JSON, or the fields of a form where no value is nested."""

import json
from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant


class JsonBody(JSONParser):
    """JSON in UTF-8, also with a byte order mark before it. ParseError also for brackets nested deeper than Python reads."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode("utf-8-sig"), parse_constant=strict_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


def plain(said: Any) -> Any:
    """A form's fields as a dict, the last value of each, so that one that was not sent is not there for a serializer either."""
    return said.dict() if isinstance(said, QueryDict) else said
