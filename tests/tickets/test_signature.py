"""The text of a QR code: one per ticket, and no other text is taken for a ticket."""

import base64
import os
import random
import string
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from eventflow.core.errors import Refused
from tests.support.factories import make_reservation
from tests.support.matching import first_match
from tickets.models import SigningKey
from tickets.ticket import qr, signature, signing_keys

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ALPHANUMERIC = {*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"}
# LONG=1 tries ten times as many codes: 200,000 random ones.
TIMES = 10 if os.environ.get("LONG") else 1
pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    return make_reservation(status="confirmed").tickets.get()


def refusal(text):
    with pytest.raises(Refused) as caught:
        signature.read(text)
    return caught.value.code


def test_signed_ticket_is_read_as_it_was_signed(ticket):
    text = signature.sign(ticket)
    claim = signature.read(text)
    assert (claim.version, claim.event_id, claim.reservation_id, claim.serial) == (
        1,
        ticket.event_id,
        ticket.reservation_id,
        ticket.serial,
    )
    assert len(text) == 138 and set(text) <= set(BASE32)
    assert signature.sign(ticket) == text


@pytest.mark.parametrize(
    ("reservation", "version"), [(1, 6), (999, 6), (1000, 7), (10**9, 7), (2**63 - 1, 7)]
)
def test_qr_code_is_as_small_as_its_text_allows(ticket, reservation, version):
    ticket.reservation_id = reservation
    text = signature.qr_text(ticket)
    picture = qr.code(text)
    picture.make(fit=True)
    assert picture.version == version
    assert set(text) <= ALPHANUMERIC, "a QR code's alphanumeric mode"
    assert signature.read(text).reservation_id == reservation


def test_qr_text_has_the_reservation_for_older_apps(ticket):
    found = first_match(r"(?i)Reservation:(\d+)", signature.qr_text(ticket))
    assert found[1] == str(ticket.reservation_id)


@pytest.mark.parametrize("change", [str.lower, str.title, lambda t: f"\r\n {t}\t\n"])
def test_qr_text_and_the_signed_code_alone_are_read_alike(ticket, change):
    text = signature.qr_text(ticket)
    assert (
        signature.read(change(text))
        == signature.read(text)
        == signature.read(signature.sign(ticket))
    )


def test_qr_text_that_names_another_reservation_is_forged(ticket):
    """An older app would let in the reservation that is named."""
    signed, number = signature.sign(ticket), ticket.reservation_id
    for named in (number + 1, f"0{number}", f"{number}0"):
        assert refusal(f"RESERVATION:{named}/{signed}") == "forged_ticket"
    for text in (
        f"RESERVATION:{number}{signed}",
        f"RESERVATION:/{signed}",
        f"RESERVATION:{number}/",
        f"X:{number}/{signed}",
    ):
        assert refusal(text) == "not_a_ticket"


def test_signed_text_names_nobody(ticket):
    payload = base64.b32decode(signature.sign(ticket) + "======")
    version, key, event, reservation, serial = struct.unpack(">BBIQ8s", payload[:22])
    assert (version, event, reservation, serial.hex()) == (
        1,
        ticket.event_id,
        ticket.reservation_id,
        ticket.serial,
    )
    Ed25519PublicKey.from_public_bytes(signing_keys.public_keys()[key]).verify(
        payload[22:], payload[:22]
    )


@pytest.mark.parametrize(
    "change", [str.lower, lambda t: f"\r\n {t}\t\n", lambda t: t[:70] + t[70:].lower()]
)
def test_read_accepts_spaces_around_and_lower_case(ticket, change):
    text = signature.sign(ticket)
    assert signature.read(change(text)) == signature.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "7K4M-2QXD",
        "https://example.org/ticket",
        "A" * 137,
        "A" * 139,
        "A" * 138,  # base 32, but version 0
        "A" * 137 + "=",
        "A" * 100_000,
        "0" * 138,
        "\x00" * 138,
        "ſ" * 138,  # becomes S in capitals
        "ﬀ" * 69,  # becomes two letters each
        "\ud800" * 138,
        "٣" * 138,
        "Ａ" * 138,
    ],
)
def test_read_says_that_other_texts_are_no_tickets(ticket, text):
    signature.sign(ticket)
    assert refusal(text) == "not_a_ticket"


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_altered_codes_are_never_accepted(ticket):
    text, dice = signature.sign(ticket), random.Random(1)
    codes = set()
    for _ in range(2_000 * TIMES):
        letters = list(text)
        for place in dice.sample(range(138), dice.choice([1, 1, 1, 2, 5, 40])):
            letters[place] = dice.choice([letter for letter in BASE32 if letter != text[place]])
        codes.add(refusal("".join(letters)))
    assert codes == {"not_a_ticket", "forged_ticket"}


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_random_codes_are_never_accepted(ticket):
    signature.sign(ticket)
    dice, codes = random.Random(2), set()
    for _ in range(18_000 * TIMES):
        # Some begin as ours do, so that it comes to the signature.
        start = b"\x01\x01" if dice.random() < 0.02 else b""
        codes.add(refusal(base64.b32encode(start + dice.randbytes(87)).decode()[:138]))
    letters = string.printable + "żĄß\x00\u202e🎫"
    for _ in range(2_000 * TIMES):
        codes.add(refusal("".join(dice.choices(letters, k=dice.randrange(200)))))
    assert codes == {"not_a_ticket", "forged_ticket"}


def test_read_refuses_a_change_of_any_letter(ticket):
    text = signature.sign(ticket)
    for place in range(138):
        other = next(letter for letter in BASE32 if letter != text[place])
        assert refusal(text[:place] + other + text[place + 1 :]) in {
            "not_a_ticket",
            "forged_ticket",
        }


def test_read_refuses_a_change_of_the_two_unused_bits(ticket):
    text = signature.sign(ticket)
    last = BASE32.index(text[-1])
    assert last % 4 == 0
    twins = [text[:-1] + BASE32[last + n] for n in (1, 2, 3)]
    assert {base64.b32decode(twin + "======") for twin in twins} == {
        base64.b32decode(text + "======")
    }
    assert [refusal(twin) for twin in twins] == ["not_a_ticket"] * 3


def test_code_of_another_installation_is_forged(ticket):
    """Well-formed, with a number that we use, signed with a key that is not ours."""
    genuine = base64.b32decode(signature.sign(ticket) + "======")
    stranger = Ed25519PrivateKey.generate()
    assert refusal(signature.encode(genuine[:22] + stranger.sign(genuine[:22]))) == "forged_ticket"


def test_code_with_an_unknown_key_is_forged_until_the_key_is_known(ticket):
    """Another process may make a key a moment after we looked in vain for it."""
    key = Ed25519PrivateKey.generate()
    body = signature.BODY.pack(1, 200, 1, 2, bytes(8))
    text = signature.encode(body + key.sign(body))
    assert refusal(text) == "forged_ticket"
    SigningKey.objects.create(pk=200, public=key.public_key().public_bytes_raw())
    assert signature.read(text).reservation_id == 2


def test_code_of_a_later_version_is_no_ticket(ticket):
    number, key = signing_keys.private_key()
    body = signature.BODY.pack(2, number, 1, 2, bytes(8))
    assert refusal(signature.encode(body + key.sign(body))) == "not_a_ticket"
