"""Fields of serializers whose text and addresses are in one spelling. `eventflow.core.text` has the rules."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from eventflow.core.fields import is_canonical_address, one_line
from eventflow.core.text import email_key, is_blank, nfc


class Address(serializers.EmailField):
    """An address in any spelling; it is read as the canonical one of its mailbox."""

    def to_internal_value(self, data: Any) -> str:
        return email_key(super().to_internal_value(data))


class NewAddress(Address):
    """An address that is going to be stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators[-1] = (
            is_canonical_address  # in place of Django's own, which takes more than mail reaches
        )


class ComposedText(serializers.CharField):
    """Text in NFC before its length is judged. Text that nobody can see is no text."""

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation("" if isinstance(data, str) and is_blank(data) else data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return nfc(super().to_internal_value(data))


class ComposedLine(ComposedText):
    """The same in one line."""

    default_validators = [one_line]
