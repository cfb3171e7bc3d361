"""The keys that sign tickets and check their signatures.

The key of the setting TICKET_SIGNING_KEY signs; without it the newest key in the database, which is
made if there is none. Keys have numbers, and old ones stay: a ticket is valid after a new key came.
"""

import base64
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Max

from tickets.models import SigningKey


class LoadedKeys:
    """The keys that this process has loaded, so that each is read from the database once.

    Only committed keys are stored. A missing key is not: another process may make it at any time.
    """

    def __init__(self) -> None:
        self.private: dict[str, tuple[int, Ed25519PrivateKey]] = {}
        self.public: dict[int, Ed25519PublicKey] = {}

    def add_private(self, secret: str, number: int, key: Ed25519PrivateKey) -> None:
        transaction.on_commit(partial(self.private.__setitem__, secret, (number, key)))

    def add_public(self, number: int, key: Ed25519PublicKey) -> None:
        transaction.on_commit(partial(self.public.__setitem__, number, key))

    def clear(self) -> None:
        self.private.clear()
        self.public.clear()


loaded_keys = LoadedKeys()


def public_keys() -> dict[int, bytes]:
    """Return every public key by its number, for devices that check signatures offline."""
    private_key()  # so that the key that signs now is among them
    return {key.pk: bytes(key.public) for key in SigningKey.objects.order_by("pk")}


def public_key(number: int) -> Ed25519PublicKey | None:
    """Return the public key of this number, if there is one."""
    if number in loaded_keys.public:
        return loaded_keys.public[number]
    row = SigningKey.objects.filter(pk=number).first()
    if row is None:
        return None
    key = Ed25519PublicKey.from_public_bytes(bytes(row.public))
    loaded_keys.add_public(number, key)
    return key


def private_key() -> tuple[int, Ed25519PrivateKey]:
    """Return the key that signs now, with its number."""
    secret = settings.TICKET_SIGNING_KEY
    if secret in loaded_keys.private:
        return loaded_keys.private[secret]
    number, key = from_environment(secret) if secret else from_database()
    loaded_keys.add_private(secret, number, key)
    return number, key


def from_environment(secret: str) -> tuple[int, Ed25519PrivateKey]:
    """Return the key of the setting. Only its public half is stored in the database."""
    key = parse(secret)
    return register(key, stores_private=False).pk, key


def parse(secret: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret, validate=True))
    except ValueError:
        raise ImproperlyConfigured(
            "TICKET_SIGNING_KEY must be 32 bytes in base64, "
            "as `openssl rand -base64 32` prints them."
        ) from None


def from_database() -> tuple[int, Ed25519PrivateKey]:
    """Return the newest key whose private half is in the database; make one if there is none."""
    row = newest_private() or register(Ed25519PrivateKey.generate(), stores_private=True)
    return row.pk, Ed25519PrivateKey.from_private_bytes(bytes(row.private))


def newest_private() -> SigningKey | None:
    return SigningKey.objects.exclude(private=b"").order_by("-pk").first()


def register(key: Ed25519PrivateKey, *, stores_private: bool) -> SigningKey:
    """Return the key's row, made under the next number if it has none yet.

    Two processes that start together try to take the same number. The primary key lets one have it,
    and the other then finds that row. For that the next number has to be read before the row is
    looked for, never after.
    """
    public = key.public_key().public_bytes_raw()
    private = key.private_bytes_raw() if stores_private else b""
    while True:
        number = 1 + (SigningKey.objects.aggregate(last=Max("pk"))["last"] or 0)
        same = SigningKey.objects.filter(public=public)
        known = newest_private() if stores_private else same.first()
        if known:
            return known
        try:
            with transaction.atomic():
                return SigningKey.objects.create(pk=number, public=public, private=private)
        except IntegrityError:
            if not SigningKey.objects.filter(pk=number).exists():
                raise  # not a race: the numbers are used up
