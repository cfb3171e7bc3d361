"""People, their roles, their log-ins and their former addresses."""

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

# The domain of the addresses of deleted accounts. No mail ever reaches it (RFC 2606), so nobody can
# verify an address there.
DELETED_DOMAIN = "deleted.invalid"


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> FoldedQuerySet:
        return FoldedQuerySet(self.model, using=self._db)

    def create_user(
        self, email: str, password: str | None = None, *, activated: bool = False, **fields: Any
    ) -> "User":
        """Save a new person with this address. ValueError if it is empty.

        `activated`: the address counts as verified, and no mail is needed.
        """
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
        """Save a new Admin who can log in at once, for the command that runs on the server."""
        return self.create_user(email, password, activated=True, role=User.Role.ADMIN, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=username or "")


class User(FoldedModel, AbstractBaseUser):
    """A person with an account.

    The role alone decides what Django's admin and our own pages allow; there are no groups.
    """

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
    # How often organizers get mail about their events, and in which time zone it is 8:00 when the
    # daily one leaves; empty: this site's.
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
    # Somebody signed up again with this address and another password, before it was verified.
    was_signed_up_again = models.BooleanField(default=False, db_default=False, editable=False)
    # Raised when access is revoked: sessions and tokens of an earlier version are invalid.
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
            # Which people a page shows is read from the index alone: deleted ones by their address.
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
        """The person's time zone, else this site's."""
        try:
            return ZoneInfo(self.time_zone or settings.TIME_ZONE)
        except (ValueError, ZoneInfoNotFoundError):  # a name that was removed since
            return ZoneInfo(settings.TIME_ZONE)

    def get_full_name(self) -> str:
        """Return both names, or the address if there are none."""
        if self.is_deleted:
            return gettext("Deleted account")
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email

    def get_session_auth_hash(self) -> str:
        """Return what a valid session holds. A new password or revoked access changes it."""
        return self.add_access_version(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        yield from map(self.add_access_version, super().get_session_auth_fallback_hash())

    def add_access_version(self, session_hash: str) -> str:
        # Nothing is added for version 0: sessions from before this column stay valid.
        return f"{session_hash}.{self.access_version}" if self.access_version else session_hash

    @property
    def deleted_address(self) -> str:
        """What replaces the address when the account is deleted."""
        return f"deleted-{self.pk}@{DELETED_DOMAIN}"

    @property
    def is_deleted(self) -> bool:
        return self.email == self.deleted_address

    @property
    def is_admin(self) -> bool:
        return self.role == self.Role.ADMIN

    @property
    def is_organizer(self) -> bool:
        """May create events: an Organizer, or an Admin, who may do everything."""
        return self.role in {self.Role.ORGANIZER, self.Role.ADMIN}

    # Django's admin asks for these.

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
    def active(self) -> "LoginSessionQuerySet":
        """Return those that give access: not expired, and of the present access version."""
        running = Session.objects.filter(
            session_key=models.OuterRef("session_key"), expire_date__gt=timezone.now()
        )
        return self.filter(
            models.Exists(running), person__access_version=models.F("access_version")
        )


class LoginSession(models.Model):
    """A place where a person is logged in: a browser, or a program that holds tokens of the API."""

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
    """An address that a person is changing or has changed, and that can still undo the change.

    One row for each address of a person. Undoing deletes its row and every later one: an address
    that came with the disputed change can never undo anything itself.
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
