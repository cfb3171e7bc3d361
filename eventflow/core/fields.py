"""Fields of models and forms that bring addresses and text to one spelling, and fold it for search.

The rules of spelling are in `eventflow.core.text`.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from eventflow.core.text import (
    can_be_mailed,
    canonical_email,
    email_key,
    fold,
    is_blank,
    is_one_line,
    nfc,
)


def is_canonical_address(address: str) -> None:
    """Validate that a new address has a canonical spelling. Blank text is checked elsewhere."""
    try:
        canonical_email(address)
    except ValueError as error:
        raise ValidationError(str(error), code="invalid") from error


class KnownAddress(forms.EmailField):
    """A form field for an address that is looked up. Its value is the canonical spelling."""

    def to_python(self, value: Any) -> str:
        return email_key(super().to_python(value) or "")


def is_sendable_address(address: str) -> None:
    """Validate an address that a mail is going to be sent to, whether it is known or not."""
    if not can_be_mailed(email_key(address)):
        raise ValidationError(_("Enter an e-mail address like name@example.org."), code="invalid")


class MailedAddress(KnownAddress):
    """A form field for an address that is looked up and gets a mail."""

    default_validators = [*KnownAddress.default_validators, is_sendable_address]


class NewAddress(KnownAddress):
    """A form field for an address that is stored: canonical, at a domain name of the internet."""

    default_validators = [is_canonical_address]


class CanonicalEmailField(models.EmailField):
    """Stores and looks up addresses in their canonical spelling.

    A unique one therefore allows one account for each mailbox.
    """

    default_validators = [is_canonical_address]

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return email_key(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return set_on_instance(
            self, model_instance, self.get_prep_value(super().pre_save(model_instance, add))
        )

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": NewAddress, **kwargs})


# --- Text in one spelling ------------------------------------------------------------------------


def one_line(text: str) -> None:
    """Validate titles, places and names, which stand in subjects, lists and file names."""
    if not is_one_line(text):
        raise ValidationError(_("Write it in one line."), code="line_break")


class ComposedText(forms.CharField):
    """A form field for text: NFC, before its length is checked. Invisible text counts as blank."""

    def to_python(self, value: Any) -> str:
        text = nfc(super().to_python(value) or "")
        return "" if is_blank(text) else text


class ComposedLine(ComposedText):
    """A form field for one line of text."""

    default_validators = [one_line]


class ComposedCharField(models.CharField):
    """A line of text, stored in NFC whichever way it enters the database."""

    default_validators = [one_line]

    def get_prep_value(self, value: Any) -> Any:
        return composed(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return set_on_instance(
            self, model_instance, composed(super().pre_save(model_instance, add))
        )

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": ComposedLine, **kwargs})


class ComposedTextField(models.TextField):
    """Text of any length, stored in NFC whichever way it enters the database."""

    def get_prep_value(self, value: Any) -> Any:
        return composed(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return set_on_instance(
            self, model_instance, composed(super().pre_save(model_instance, add))
        )

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": ComposedText, **kwargs})


def composed(value: Any) -> Any:
    return nfc(value) if isinstance(value, str) else value


def set_on_instance(field: models.Field, instance: models.Model, value: Any) -> Any:
    """Set the stored value on the instance as well, and return it."""
    setattr(instance, field.attname, value)
    return value


# --- Text for search -----------------------------------------------------------------------------


class FoldedField(models.TextField):
    """The text of the field `source`, folded for search.

    It follows every save, `bulk_create` and `update` of a FoldedModel.
    """

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        self.source = source
        super().__init__(
            *args, **{"default": "", "db_default": "", "editable": False, "blank": True, **kwargs}
        )

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return set_on_instance(self, model_instance, fold(getattr(model_instance, self.source)))


class FoldedQuerySet(models.QuerySet):
    """A queryset that updates FoldedFields together with their sources."""

    def update(self, **fields: Any) -> int:
        for folded in folded_fields(self.model):
            # bulk_update has set it already: its values are expressions. Any other expression
            # can't be folded and raises.
            if folded.source in fields and folded.name not in fields:
                fields[folded.name] = fold(fields[folded.source])
        return super().update(**fields)

    def bulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None
    ) -> int:
        rows, names = tuple(objs), {*fields}
        beside = [folded for folded in folded_fields(self.model) if folded.source in names]
        for row in rows:
            for folded in beside:
                setattr(row, folded.name, fold(getattr(row, folded.source)))
        return super().bulk_update(rows, [*names, *(folded.name for folded in beside)], batch_size)


class FoldedModel(models.Model):
    """A model with FoldedFields, which every way of saving keeps up to date."""

    class Meta:
        abstract = True

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None:
            # A deferred field would not be written, however its source has changed.
            for folded in folded_fields(type(self)):
                if folded.attname in self.get_deferred_fields():
                    setattr(self, folded.attname, "")
        else:
            update_fields = [
                *update_fields,
                *(one.name for one in folded_fields(type(self)) if one.source in {*update_fields}),
            ]
        super().save(update_fields=update_fields, **kwargs)


def folded_fields(model: type[models.Model]) -> list[FoldedField]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, FoldedField)]
