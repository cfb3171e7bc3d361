"""Brings text to one spelling: NFC when stored, canonical e-mail addresses, folded for search."""

import unicodedata
from email.errors import HeaderParseError
from email.headerregistry import Address
from typing import Any

import idna
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

MAX_EMAIL_LENGTH = 254
# Django's own rules, without its exception for "localhost".
check_email = EmailValidator(allowlist=[])

# Letters that Unicode does not take apart into a letter and a mark, and what people type for them.
BASE_LETTERS: dict[int, Any] = str.maketrans("łđðøħŧŋıĸəǝɛɔɓɗƙƴɨʉς", "lddohtnikeeeobdkyiuσ")
BASE_LETTERS |= {ord("æ"): "ae", ord("œ"): "oe", ord("ß"): "ss", ord("þ"): "th"}
# Letters that are written as apostrophes.
APOSTROPHES = dict.fromkeys(map(ord, "ʹʺʻʼʽʾʿ"), " ")
# By Unicode category, search drops marks on and around letters and invisible characters, and keeps
# letters, digits and signs like + € ★.
DROPPED_CATEGORIES = {"Mn", "Me", "Cf"}
# Letters and signs without a shape: fillers of Hangul, the empty Braille pattern.
SHAPELESS = set("\u115f\u1160\u3164\uffa0\u2800")
KEPT_CATEGORIES = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mc", "Nd", "Nl", "No", "Sm", "Sc", "So"}


def nfc(text: str) -> str:
    """The text in NFC: a letter with its marks is one character where Unicode has one."""
    return unicodedata.normalize("NFC", text)


def is_blank(text: str) -> bool:
    """Whether the text is invisible: spaces, characters of no width, signs without a shape."""
    return all(
        letter in SHAPELESS or letter.isspace() or unicodedata.category(letter) == "Cf"
        for letter in text
    )


def is_one_line(text: str) -> bool:
    """Whether the text has no line break."""
    return len(text.splitlines()) <= 1


class _Folding(dict[int, Any]):
    """What `str.translate` asks of each character that `BASE_LETTERS` does not name."""

    def __missing__(self, code: int) -> str | None:
        category = unicodedata.category(chr(code))
        if category in DROPPED_CATEGORIES:
            return None
        return chr(code) if category in KEPT_CATEGORIES else " "


_FOLDING = _Folding(BASE_LETTERS | APOSTROPHES)


def fold(text: str) -> str:
    """The text as search compares it: `Żółw, ŁUKASZ` and `zolw lukasz` are the same.

    Lower case, base letters without marks (ł→l, ß→ss), one space for punctuation and spaces, none
    at the ends.
    """
    return " ".join(unicodedata.normalize("NFKD", text).lower().translate(_FOLDING).split())


def canonical_email(address: str) -> str:
    """The one spelling of an e-mail address, so that one mailbox is one account.

    NFC, without invisible characters (Unicode category Cf) and surrounding spaces, in lower case, a
    domain with letters beyond ASCII as its IDNA 2008 name (RFC 5891, mapped by UTS #46, not
    transitional: ß stays itself): `T3@żółć.example` is `t3@xn--kda4b0koi.example`.

    Raises ValueError, with a message for the person, for text that is no address and for addresses
    at an IP number or a name without a dot, which are no mailbox of the internet.
    """
    local, at, domain = email_key(address).rpartition("@")
    canonical = f"{local}{at}{domain}"
    if not canonical.isascii() or domain.startswith("[") or len(canonical) > MAX_EMAIL_LENGTH:
        raise ValueError(_("Enter an e-mail address like name@example.org."))
    try:
        check_email(canonical)
    except ValidationError as error:
        raise ValueError(_("Enter an e-mail address like name@example.org.")) from error
    return canonical


def can_be_mailed(address: str) -> bool:
    """Whether a mail can name this address (RFC 5322): only ASCII stands before the @."""
    try:
        Address(addr_spec=address)
    except (ValueError, HeaderParseError):
        return False
    return True


def email_key(address: str) -> str:
    """The spelling under which an address is looked up. Never raises.

    It is the canonical one, and for text that is no address the nearest to it.
    """
    visible = "".join(c for c in nfc(address) if unicodedata.category(c) != "Cf").strip().lower()
    local, at, domain = visible.rpartition("@")
    if domain.isascii():
        return visible
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except UnicodeError:  # no domain name, so no address either
        return visible
