"""Fields of models and forms that keep e-mail addresses in their one spelling. `eventflow.text` has the rules."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from eventflow.text import canonical_email, email_key


def is_canonical_address(address: str) -> None:
    """The validator of a new address: it can be brought to the one spelling of a mailbox. Empty is another validator's matter."""
    try:
        canonical_email(address)
    except ValueError as error:
        raise ValidationError(str(error), code="invalid") from error


class KnownAddress(forms.EmailField):
    """An address that is looked up. Typed in any spelling, it is the canonical one."""

    def to_python(self, value: Any) -> str:
        return email_key(super().to_python(value) or "")


class NewAddress(KnownAddress):
    """An address that is going to be stored: the canonical one, at a domain name of the internet."""

    default_validators = [is_canonical_address]


class CanonicalEmailField(models.EmailField):
    """Stores and looks up every address in its one spelling, whoever writes it; so a unique one is one account a mailbox."""

    default_validators = [is_canonical_address]

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return email_key(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The object in memory has the spelling that is stored."""
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": NewAddress, **kwargs})
