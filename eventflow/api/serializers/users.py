"""Serializers of people, sign-up and tokens."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.models import User
from eventflow.api.serializers.fields import Address, ComposedLine, NewAddress
from eventflow.api.serializers.times import Instant

MAX_PASSWORD = 4096


class Registration(serializers.Serializer):
    email = NewAddress(max_length=254)
    password = serializers.CharField(
        max_length=MAX_PASSWORD, trim_whitespace=False, help_text="At least 10 characters."
    )
    first_name = ComposedLine(max_length=150, required=False, allow_blank=True, default="")
    last_name = ComposedLine(max_length=150, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Validate the password as the page does; one rule compares it with the names."""
        names = {name: attrs[name] for name in ("email", "first_name", "last_name")}
        try:
            validate_password(attrs["password"], User(**names))
        except ValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs


class Registered(serializers.Serializer):
    user_id = serializers.IntegerField(
        allow_null=True,
        help_text="Always null: whether the address had an account is nobody's business.",
    )
    email = serializers.EmailField()


class Activated(serializers.Serializer):
    email = serializers.EmailField()


class Credentials(serializers.Serializer):
    email = Address(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)
    code = serializers.CharField(
        max_length=32,
        required=False,
        help_text="Of the app, or a recovery code; for accounts with two-step sign-in.",
    )


class TokenPair(serializers.Serializer):
    access = serializers.CharField(
        help_text="A JWT with the claim `user_id`. Send it as `Authorization: Bearer …`."
    )
    refresh = serializers.CharField(
        help_text="Good for one new pair. Used again after ten seconds, it signs its family out."
    )


class LogoutQuery(serializers.Serializer):
    all = serializers.BooleanField(
        required=False, default=False, help_text="`true`: every session of the account."
    )


class RefreshToken(serializers.Serializer):
    refresh = serializers.CharField(max_length=8192)


class Me(serializers.ModelSerializer):
    """An account."""

    date_joined = Instant()
    # Properties of the model, which say more than it stores.
    is_staff = serializers.BooleanField(help_text="True for an Admin.")
    is_organizer = serializers.BooleanField()

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "first_name",
            "last_name",
            "date_joined",
            "is_staff",
            "is_organizer",
            "role",
        ]
        read_only_fields = fields


class Person(Me):
    """An account, as Admins see it."""

    class Meta(Me.Meta):
        fields = [
            "id",
            "email",
            "first_name",
            "last_name",
            "is_active",
            "is_staff",
            "is_organizer",
            "role",
            "date_joined",
        ]
        read_only_fields = fields


class PersonQuery(serializers.Serializer):
    q = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Words that stand in a name or an address.",
    )


class OrganizerFlag(serializers.Serializer):
    is_organizer = serializers.BooleanField()


class RoleChoice(serializers.Serializer):
    role = serializers.ChoiceField(choices=User.Role.choices)


class IsOrganizer(serializers.Serializer):
    is_organizer = serializers.BooleanField()
