"""Spellings of one address, and the addresses that the database stores."""

import unicodedata

from django.db import connection

CANONICAL = "t3@xn--kda4b0koi.example"
SPELLINGS = [
    CANONICAL,
    "t3@żółć.example",
    "T3@" + unicodedata.normalize("NFD", "ŻÓŁĆ.Example"),
    " t3@żółć.example\u200b",
    "\ufefft\u00ad3@XN--KDA4B0KOI.EXAMPLE ",
]


def stored_addresses() -> list[str]:
    """The addresses as the database stores them, read without our own fields."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT email FROM accounts_user UNION ALL SELECT email FROM account_emailaddress"
        )
        return [email for (email,) in cursor.fetchall()]
