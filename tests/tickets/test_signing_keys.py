"""The keys that sign tickets: the first, one of the environment, their change and their cache."""

import base64
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from tests.support.factories import make_reservation
from tickets.models import SigningKey
from tickets.ticket import signature, signing_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    return make_reservation(status="confirmed").tickets.get()


def new_secret():
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def test_first_signing_key_is_made_once_and_stored(ticket):
    assert not SigningKey.objects.exists()
    text = signature.sign(ticket)
    signing_keys.loaded_keys.clear()
    assert signature.sign(ticket) == text
    key = SigningKey.objects.get()
    assert (key.pk, len(bytes(key.private)), len(bytes(key.public))) == (1, 32, 32)
    assert signing_keys.public_keys() == {1: bytes(key.public)}


def test_signing_key_of_the_environment_stores_its_public_half_only(ticket, settings):
    settings.TICKET_SIGNING_KEY = new_secret()
    signature.read(signature.sign(ticket))
    key = SigningKey.objects.get()
    assert bytes(key.private) == b""
    secret = Ed25519PrivateKey.from_private_bytes(base64.b64decode(settings.TICKET_SIGNING_KEY))
    assert signing_keys.public_keys() == {key.pk: secret.public_key().public_bytes_raw()}


def test_tickets_stay_valid_after_a_change_of_the_signing_key(ticket, settings):
    texts = [signature.sign(ticket)]
    for _ in range(2):
        settings.TICKET_SIGNING_KEY = new_secret()
        texts.append(signature.sign(ticket))
    settings.TICKET_SIGNING_KEY = ""
    assert signature.sign(ticket) == texts[0]  # back to the key that is kept
    assert [signature.read(text).key_id for text in texts] == [1, 2, 3]
    assert list(signing_keys.public_keys()) == [1, 2, 3]


def test_newest_stored_key_signs(ticket):
    signature.sign(ticket)
    newer = Ed25519PrivateKey.generate()
    SigningKey.objects.create(
        pk=7, public=newer.public_key().public_bytes_raw(), private=newer.private_bytes_raw()
    )
    signing_keys.loaded_keys.clear()
    assert signature.read(signature.sign(ticket)).key_id == 7


@pytest.mark.parametrize(
    "secret", ["short", base64.b64encode(bytes(31)).decode(), "ż" * 44, "=" * 44]
)
def test_malformed_signing_key_in_the_environment_is_named(ticket, settings, secret):
    settings.TICKET_SIGNING_KEY = secret
    with pytest.raises(ImproperlyConfigured, match="TICKET_SIGNING_KEY"):
        signature.sign(ticket)


@pytest.mark.django_db(transaction=True)
def test_signing_key_of_a_rolled_back_transaction_is_not_cached():
    with pytest.raises(RuntimeError), transaction.atomic():
        lost = signing_keys.private_key()[1].private_bytes_raw()
        raise RuntimeError
    assert not SigningKey.objects.exists()
    number, key = signing_keys.private_key()
    assert key.private_bytes_raw() != lost
    assert bytes(SigningKey.objects.get().private) == key.private_bytes_raw()
    assert number in signing_keys.public_keys()


@pytest.mark.django_db(transaction=True)
def test_cached_signing_key_needs_no_query(django_assert_num_queries):
    ticket = make_reservation(status="confirmed").tickets.get()
    text = signature.sign(ticket)
    signature.read(text)
    with django_assert_num_queries(0):
        assert signature.read(signature.sign(ticket)).serial == ticket.serial


@pytest.mark.django_db(transaction=True)
def test_processes_started_together_make_one_signing_key():
    """Eight processes find no key and make one each; one is stored and all use it."""
    start, found = threading.Barrier(8), []

    def make() -> None:
        try:
            start.wait()
            found.append(signing_keys.from_database())
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SigningKey.objects.count() == 1
    kept = (1, bytes(SigningKey.objects.get().private))
    assert [(number, key.private_bytes_raw()) for number, key in found] == [kept] * 8
