"""Password validators: they refuse passwords that are easy to guess, and give one reason only."""

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import get_password_validators
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from eventflow.core.text import fold

# A password is refused if it is guessed in fewer tries than ten to this power. The limits on wrong
# passwords leave an attacker some 1,500 tries a day and account. For one that contains a word of
# this site, or of the person, the power is higher: an attacker who knows both tries these first.
MIN_GUESSES_LOG10, MIN_GUESSES_LOG10_WITH_CONTEXT = 5, 8
# The words of this site that people put into passwords: docs/security.md names them.
SITE_WORDS = [
    *("event", "events", "eventflow", "ticket", "tickets", "reservation", "reservations"),
    *("organizer", "organizers", "conference", "concert", "workshop", "meetup", "guest", "queue"),
    *("wydarzenie", "wydarzenia", "bilet", "bilety", "rezerwacja", "rezerwacje", "organizator"),
    *("konferencja", "koncert", "warsztaty", "spotkanie", "impreza", "haslo", "gosc", "kolejka"),
]
# zxcvbn takes the longer the more different symbols there are that may stand for letters. What is
# beyond these bounds is not judged, the rest of the password is.
MAX_LENGTH, MAX_SYMBOLS = 32, 8
SYMBOL = re.compile(r"[^a-zA-Z\s]")


class FirstReasonValidator:
    """Asks several validators in turn and raises the first error: one reason is enough.

    `rules`: the validators, in the format of Django's AUTH_PASSWORD_VALIDATORS.
    """

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self.validators = get_password_validators(rules)

    def validate(self, password: str, user: Any = None) -> None:
        for validator in self.validators:
            validator.validate(password, user)

    def get_help_text(self) -> str:
        return " ".join(str(validator.get_help_text()) for validator in self.validators)


class GuessableValidator:
    """Refuses what zxcvbn guesses in few tries.

    Its lists hold 30,000 passwords from breaches, names and words, and it recognizes keyboard rows,
    dates, repetitions and swapped letters.
    """

    def validate(self, password: str, user: Any = None) -> None:
        result = estimate_guesses(bounded(password), [*site_words(), *personal_words(user)])
        parts = result["sequence"]
        has_context = any(part.get("dictionary_name") == "user_inputs" for part in parts)
        guesses_log10 = float(result["guesses_log10"])
        if guesses_log10 < MIN_GUESSES_LOG10_WITH_CONTEXT and has_context:
            message = _(
                "A word of yours or of this site and a few signs are easy to guess. "
                "Add two other words."
            )
            raise ValidationError(message, code="password_of_context")
        if guesses_log10 < MIN_GUESSES_LOG10:
            message = _(
                "This password is among the first that anybody would try. Take three random words."
            )
            raise ValidationError(message, code="password_easy")

    def get_help_text(self) -> Any:
        return gettext_lazy("Your password can’t be one that is easy to guess.")


def bounded(password: str) -> str:
    """Return the first `MAX_LENGTH` characters, with `MAX_SYMBOLS` different digits and symbols.

    Later symbols that are not among these are left out.
    """
    beginning = password[:MAX_LENGTH]
    symbols = {*[*dict.fromkeys(SYMBOL.findall(beginning))][:MAX_SYMBOLS]}
    return "".join(letter for letter in beginning if letter in symbols or not SYMBOL.match(letter))


def estimate_guesses(password: str, words: list[str]) -> dict[str, Any]:
    """Return zxcvbn's result; `words` are tried first."""
    # Imported where it is needed: its lists take 13 MB and a tenth of a second.
    from zxcvbn import zxcvbn

    return zxcvbn(password, user_inputs=words)


def site_words() -> list[str]:
    return [*SITE_WORDS, *split_words(settings.SITE_URL.partition("://")[2])]


def personal_words(person: Any) -> list[str]:
    """Return the names and the parts of the address of a person, who may not be saved yet."""
    if not isinstance(person, User):
        return []
    return split_words(f"{person.email} {person.first_name} {person.last_name}")


def split_words(text: str) -> list[str]:
    """Return the words of three letters or more, as written and without marks on the letters."""
    spellings = f"{text.lower()} {fold(text)}"
    return sorted({word for word in re.split(r"[\W_]+", spellings) if len(word) > 2})
