"""The keys that sign tickets."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SigningKey(models.Model):
    """An Ed25519 key that signs tickets.

    Its number is part of every QR code, so that old tickets stay valid after a new key was made.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    public = models.BinaryField(max_length=32, unique=True)
    # Empty when the private half comes from the environment.
    private = models.BinaryField(max_length=32, default=b"")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(id__gte=1, id__lte=255), name="signing_key_fits_a_byte"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
