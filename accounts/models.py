"""People and what they may be."""

from collections.abc import Iterator
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eventflow.core.fields import (
    CanonicalEmailField,
    ComposedCharField,
    FoldedField,
    FoldedModel,
    FoldedQuerySet,
)
from eventflow.core.text import canonical_email

# Where the addresses of deleted accounts are. No mail ever reaches it (RFC 2606), so nobody can prove to have one there.
NOWHERE = "deleted.invalid"


class UserManager(BaseUserManager["User"].from_queryset(FoldedQuerySet)):  # type: ignore[misc]
    def create_user(
        self, email: str, password: str | None = None, *, activated: bool = False, **fields: Any
    ) -> "User":
        """A person with this address. `activated` skips the mail that proves the address is theirs. ValueError for no address."""
        user = self.model(email=canonical_email(email), **fields)
        # Hashed before the transaction, whose locks it would hold for a third of a second.
        user.set_password(password)
        with transaction.atomic():
            user.save(using=self._db)
            EmailAddress.objects.create(
                user=user, email=user.email, primary=True, verified=activated
            )
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An Admin who can log in at once: whoever can run a command on the server need not prove an address."""
        return self.create_user(email, password, activated=True, role=User.Role.ADMIN, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=username or "")


class User(FoldedModel, AbstractBaseUser):
    """A person. The role alone decides what Django's admin and our own pages allow; there are no groups."""

    class Role(models.TextChoices):
        USER = "user", _("User")
        ORGANIZER = "organizer", _("Organizer")
        ADMIN = "admin", _("Admin")

    class OrganizerMail(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DAILY = "daily", _("Once a day, at 8:00")
        OFF = "off", _("Never")

    email = CanonicalEmailField(
        _("e-mail"),
        unique=True,
        error_messages={"unique": _("There is already an account with this address.")},
    )
    first_name = ComposedCharField(_("first name"), max_length=150, blank=True)
    last_name = ComposedCharField(_("last name"), max_length=150, blank=True)
    first_name_folded = FoldedField(source="first_name")
    last_name_folded = FoldedField(source="last_name")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.USER)
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Switch off to block this person everywhere at once."),
    )
    # How often an organizer hears of what happens at their events, and on which clock it is 8:00; empty: this site's.
    organizer_mail = models.CharField(
        _("mail about my events"),
        max_length=8,
        choices=OrganizerMail.choices,
        default=OrganizerMail.DAILY,
        db_default="daily",
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", db_default=""
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    # Somebody signed up again with this address and another password, before it was proven.
    was_signed_up_again = models.BooleanField(default=False, db_default=False, editable=False)
    # Raised when access is revoked: sessions and tokens of an earlier version are worth nothing.
    access_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["email"]
        indexes = [
            models.Index(fields=["role"], name="user_by_role"),
            # Which people a page of them shows is read from the index alone: who left is told by the address.
            models.Index(fields=["-id", "email"], name="user_pages"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["user", "organizer", "admin"]), name="user_role_known"
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    @property
    def zone(self) -> ZoneInfo:
        """Their clock: the one they chose, else this site's."""
        try:
            return ZoneInfo(self.time_zone or settings.TIME_ZONE)
        except (ValueError, ZoneInfoNotFoundError):  # a name that the world has given up since
            return ZoneInfo(settings.TIME_ZONE)

    def get_full_name(self) -> str:
        """Both names, or the address of somebody who gave none."""
        if self.is_deleted:
            return gettext("Deleted account")
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email

    def get_session_auth_hash(self) -> str:
        """What a session must hold to count. Another password or revoked access changes it."""
        return self.with_version(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        yield from map(self.with_version, super().get_session_auth_fallback_hash())

    def with_version(self, session_hash: str) -> str:
        # Nothing is added at first, so that sessions of before this column go on.
        return f"{session_hash}.{self.access_version}" if self.access_version else session_hash

    @property
    def address_afterwards(self) -> str:
        """What stands in place of the address once the account is deleted."""
        return f"deleted-{self.pk}@{NOWHERE}"

    @property
    def is_deleted(self) -> bool:
        return self.email == self.address_afterwards

    @property
    def is_admin(self) -> bool:
        return self.role == self.Role.ADMIN

    @property
    def is_organizer(self) -> bool:
        """May create events: an Organizer, or an Admin, who may do everything."""
        return self.role in {self.Role.ORGANIZER, self.Role.ADMIN}

    # What Django's admin asks.

    @property
    def is_staff(self) -> bool:
        return self.is_admin

    @property
    def is_superuser(self) -> bool:
        return self.is_admin

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and self.is_admin

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return self.is_active and self.is_admin

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_admin


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def alive(self) -> "LoginSessionQuerySet":
        """Those that open something: their session is neither over nor of an earlier version of access."""
        running = Session.objects.filter(
            session_key=models.OuterRef("session_key"), expire_date__gt=timezone.now()
        )
        return self.filter(
            models.Exists(running), person__access_version=models.F("access_version")
        )


class LoginSession(models.Model):
    """One place where a person is logged in: a browser, or a program that holds tokens of the API."""

    person = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"))
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    access_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    device = models.CharField(max_length=100, blank=True)
    is_program = models.BooleanField(default=False)
    began = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now)

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("log-in")
        verbose_name_plural = _("log-ins")

    def __str__(self) -> str:
        return f"{self.pk} of {self.person_id}"


class FormerAddress(models.Model):
    """An address that a person is about to leave, or has left, and that can still take the account back.

    One row for each address of a person. Taking the account back deletes its row and every later
    one: an address that came with the contested change can never take the account back itself.
    """

    person = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"))
    email = models.EmailField(max_length=254)
    made = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        constraints = [
            models.UniqueConstraint(fields=["person", "email"], name="one_row_a_former_address")
        ]

    def __str__(self) -> str:
        return f"{self.pk} of {self.person_id}"
