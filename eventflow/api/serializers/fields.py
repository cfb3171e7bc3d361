"""Fields that normalize text and addresses, by the rules of `eventflow.core.text`."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from eventflow.core.fields import is_canonical_address, one_line
from eventflow.core.text import email_key, is_blank, nfc


class Address(serializers.EmailField):
    """An e-mail address in any spelling; read as the canonical address of its mailbox."""

    def to_internal_value(self, data: Any) -> str:
        return email_key(super().to_internal_value(data))


class NewAddress(Address):
    """An e-mail address to store: its domain must be one of the internet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # In place of Django's own validator, which accepts addresses that no mail reaches.
        self.validators[-1] = is_canonical_address


class ComposedText(serializers.CharField):
    """Text in NFC, before its length is validated. Invisible text counts as empty."""

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation("" if isinstance(data, str) and is_blank(data) else data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return nfc(super().to_internal_value(data))


class ComposedLine(ComposedText):
    """Text in NFC, in one line."""

    default_validators = [one_line]
