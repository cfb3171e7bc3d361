"""The answers of the API that are stored for a repeated request."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy


class Replay(models.Model):
    """The answer to one idempotent request.

    The key, the request and the answer cannot be read from this row alone.
    """

    # A digest of the caller: it finds the rows of a known person, and names none.
    who = models.CharField(max_length=64, default="", db_index=True, editable=False)
    # A digest of the caller and the key.
    key = models.CharField(max_length=64, unique=True, editable=False)
    # A digest of method, path and body.
    request = models.CharField(max_length=64, editable=False)
    status = models.PositiveSmallIntegerField(editable=False)
    # Encrypted with the key and the request: an answer can hold tokens.
    answer = models.BinaryField(editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        app_label = "eventflow"
        verbose_name = gettext_lazy("idempotent answer")
        verbose_name_plural = gettext_lazy("idempotent answers")

    def __str__(self) -> str:
        return str(self.pk)
