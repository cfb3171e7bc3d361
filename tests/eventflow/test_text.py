"""One spelling: of stored text, of e-mail addresses, of what search compares."""

import json
import unicodedata
from pathlib import Path

import pytest
from django.utils import translation

from eventflow.core.text import canonical_email, email_key, fold, is_blank, is_one_line, nfc

FOLDED = [tuple(pair) for pair in json.loads((Path(__file__).parent / "folding.json").read_text())]


def test_nfc_joins_letter_and_mark():
    assert nfc("Zoe\u0308") == "Zoë"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u200b\u200b",
        "\u2060\ufeff \u00a0",
        "\u202e\u2066",
        "\u3164\u115f",
        "\u2800",
        "\t\n",
    ],
)
def test_text_that_nobody_sees_is_blank(text):
    assert is_blank(text)
    assert not is_blank(f"{text}\x00") and not is_blank(f"{text}\ud800")  # for others to refuse
    assert not is_blank(f"{text}a{text}") and not is_blank(f"{text}🎉")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_line_break_makes_two_lines(line_break):
    assert not is_one_line(f"Night{line_break}Print")
    assert is_one_line("Night Print") and is_one_line("")


@pytest.mark.parametrize(("text", "folded"), FOLDED)
def test_fold_gives_base_letters(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(("text", "folded"), FOLDED)
def test_fold_does_not_depend_on_the_spelling(text, folded):
    assert {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")} | {
        fold(folded)
    } == {folded}


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("anna@example.org", "anna@example.org"),
        (" T6A@Example.ORG \n", "t6a@example.org"),
        ("zwsp@example.org\u200b", "zwsp@example.org"),
        ("\ufeffz\u00adwsp@exam\u2060ple.org", "zwsp@example.org"),
        ("t3@żółć.example", "t3@xn--kda4b0koi.example"),
        ("t3@" + unicodedata.normalize("NFD", "ŻÓŁĆ.example"), "t3@xn--kda4b0koi.example"),
        ("t3@XN--KDA4B0KOI.example", "t3@xn--kda4b0koi.example"),
        ("t3@faß.de", "t3@xn--fa-hia.de"),
        ("t3@example。org", "t3@example.org"),
        ("o'neil+tag@sub.example.org", "o'neil+tag@sub.example.org"),
    ],
)
def test_canonical_email_is_one_spelling_of_a_mailbox(typed, canonical):
    assert canonical_email(typed) == email_key(typed) == canonical
    assert canonical_email(canonical) == canonical


NO_ADDRESSES = [
    "",
    "@",
    "anna",
    "anna@",
    "@example.org",
    "t3@[127.0.0.1]",
    "t3@[::1]",
    "t3@localhost",
    "t3@mail",
    "a b@example.org",
]
NO_ADDRESSES += [
    "żółw@example.org",
    "a@ex ample.org",
    "a@☃.example",
    "a@-example.org",
    "a\x00@example.org",
    f"a@{'b' * 250}.org",
    "a@b\ud800.org",
]


@pytest.mark.parametrize("typed", NO_ADDRESSES)
def test_canonical_email_refuses_what_is_no_address(typed):
    with (
        translation.override("en"),
        pytest.raises(ValueError, match="Enter an e-mail address like"),
    ):
        canonical_email(typed)
    assert email_key(typed) == email_key(email_key(typed))


@pytest.mark.parametrize("address", ["ſara@example.org", "admın@example.org", "żółw@example.org"])
def test_letter_beyond_ascii_before_the_at_sign_is_no_address(address):
    """Django's pattern ignores case, and in Unicode ſ is an S and ı an I: no mail reaches them."""
    with pytest.raises(ValueError):
        canonical_email(address)
