"""Fields of serializers whose text and addresses are in one spelling. `eventflow.text` has the rules."""

from typing import Any

from rest_framework import serializers

from eventflow.fields import is_canonical_address
from eventflow.text import email_key, nfc


class Address(serializers.EmailField):
    """An address in any spelling; it is read as the canonical one of its mailbox."""

    def to_internal_value(self, data: Any) -> str:
        return email_key(super().to_internal_value(data))


class NewAddress(Address):
    """An address that is going to be stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators[-1] = is_canonical_address  # in place of Django's own, which takes more than mail reaches


class ComposedText(serializers.CharField):
    """Text in NFC before its length is judged."""

    def to_internal_value(self, data: Any) -> str:
        return nfc(super().to_internal_value(data))
