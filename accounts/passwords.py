"""Which passwords are refused: those that are among the first that anybody would try."""

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import get_password_validators
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from eventflow.core.text import fold

# The powers of ten of tries below which a password is refused. The limits on wrong passwords leave
# an attacker some 1,500 tries a day and account. One that is built on a word of this site, or of the
# person, is refused up to many more: these words are what somebody who knows both tries first.
EASY, EASY_WITH_OUR_WORDS = 5, 8
# What people here think of when they are asked for a password: docs/security.md names these.
OUR_WORDS = [
    *("event", "events", "eventflow", "ticket", "tickets", "reservation", "reservations"),
    *("organizer", "organizers", "conference", "concert", "workshop", "meetup", "guest", "queue"),
    *("wydarzenie", "wydarzenia", "bilet", "bilety", "rezerwacja", "rezerwacje", "organizator"),
    *("konferencja", "koncert", "warsztaty", "spotkanie", "impreza", "haslo", "gosc", "kolejka"),
]
# zxcvbn takes the longer the more different signs there are that may stand for letters. What is
# beyond these bounds is not judged, the rest of the password is.
JUDGED, SIGNS = 32, 8
SIGN = re.compile(r"[^a-zA-Z\s]")


class FirstReasonValidator:
    """Asks several validators in turn and says the first reason: one is enough to choose another password.

    `rules`: them, as Django's AUTH_PASSWORD_VALIDATORS has them.
    """

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self.validators = get_password_validators(rules)

    def validate(self, password: str, user: Any = None) -> None:
        for validator in self.validators:
            validator.validate(password, user)

    def get_help_text(self) -> str:
        return " ".join(str(validator.get_help_text()) for validator in self.validators)


class GuessableValidator:
    """Refuses what zxcvbn guesses in few tries: its lists hold 30,000 passwords from breaches,
    names and words, and it sees through keyboard rows, dates, repetitions and swapped letters.
    """

    def validate(self, password: str, user: Any = None) -> None:
        found = guess(within_bounds(password), [*words_of_site(), *words_of(user)])
        ours = any(part.get("dictionary_name") == "user_inputs" for part in found["sequence"])
        tries = float(found["guesses_log10"])
        if tries < EASY_WITH_OUR_WORDS and ours:
            message = _(
                "A word of yours or of this site and a few signs are easy to guess. Add two other words."
            )
            raise ValidationError(message, code="password_of_context")
        if tries < EASY:
            message = _(
                "This password is among the first that anybody would try. Take three random words."
            )
            raise ValidationError(message, code="password_easy")

    def get_help_text(self) -> Any:
        return gettext_lazy("Your password can’t be one that is easy to guess.")


def within_bounds(password: str) -> str:
    """The beginning of the password, with its first few different signs and digits and no others."""
    judged = password[:JUDGED]
    kept = {*[*dict.fromkeys(SIGN.findall(judged))][:SIGNS]}
    return "".join(letter for letter in judged if letter in kept or not SIGN.match(letter))


def guess(password: str, words: list[str]) -> dict[str, Any]:
    # Imported where it is needed: its lists take 13 MB and a tenth of a second.
    from zxcvbn import zxcvbn

    return zxcvbn(password, user_inputs=words)


def words_of_site() -> list[str]:
    return [*OUR_WORDS, *parts(settings.SITE_URL.partition("://")[2])]


def words_of(person: Any) -> list[str]:
    """The names and the parts of the address of somebody who may be signing up just now."""
    if not isinstance(person, User):
        return []
    return parts(f"{person.email} {person.first_name} {person.last_name}")


def parts(text: str) -> list[str]:
    """The words of a text, as they stand there and without marks; not those of one or two letters."""
    spellings = f"{text.lower()} {fold(text)}"
    return sorted({word for word in re.split(r"[\W_]+", spellings) if len(word) > 2})
