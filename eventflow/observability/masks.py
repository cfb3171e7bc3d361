"""What must not be read by whoever reads logs: one home for what a secret or an address looks like."""

import re

# Parts of a path that give access or name somebody: what follows an activation, confirmation or reset address, what was scanned
# and is no reservation's id, an e-mail address, and anything long.
IN_PATH = re.compile(
    r"(?<=/activate/)[^/]+|(?<=/door/)[^/]+|(?<=/confirm-email/)[^/]+|(?<=/reset/key/)[^/]+|(?<=/reservations/)(?![0-9]+(?:/|$))[^/]+"
    r"|[^/]*(?:@|%40)[^/]*|[^/]{33,}"
)
# The same in any text: the name and password in a URL, an address, the values that PostgreSQL repeats under an error.
IN_TEXT = re.compile(
    r"(?<=://)[^/\s@]+(?=@)|[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+|(?<=DETAIL:)[^\n]+|(?<=PARAMETERS:)[^\n]+"
)
# What is as long as a token, a ticket's code or the secret of an authenticator app, and has a digit, which names in code rarely have.
LONG = re.compile(r"[\w~:=-]{32,}")
NUMBER = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
MASK = "***"


def without_secrets(path: str) -> str:
    """The path as it may stand in a log: without its query string, and with tokens masked."""
    return IN_PATH.sub(MASK, path.partition("?")[0])


def scrubbed(text: str) -> str:
    """Words, or a traceback, as they may stand in a log. The ids of requests and tasks stay: they are how one finds things."""
    return LONG.sub(mask_unless_harmless, IN_TEXT.sub(MASK, text))


def mask_unless_harmless(found: re.Match[str]) -> str:
    word = found[0]
    return MASK if any(map(str.isdigit, word)) and not NUMBER.fullmatch(word) else word
