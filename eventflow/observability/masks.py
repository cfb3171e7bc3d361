"""Masks secrets and addresses in what is logged. The one place that says how they look."""

import re

# Parts of a path that give access or name a person: what follows an activation, confirmation or
# reset address, a scanned code that is no reservation's id, an e-mail address, and anything long.
IN_PATH = re.compile(
    r"(?<=/activate/)[^/]+|(?<=/door/)[^/]+|(?<=/confirm-email/)[^/]+|(?<=/reset/key/)[^/]+"
    r"|(?<=/reservations/)(?![0-9]+(?:/|$))[^/]+"
    r"|[^/]*(?:@|%40)[^/]*|[^/]{33,}"
)
# The same in any text: the name and password in a URL, an address, the values that PostgreSQL
# repeats under an error.
IN_TEXT = re.compile(
    r"(?<=://)[^/\s@]+(?=@)|[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"
    r"|(?<=DETAIL:)[^\n]+|(?<=PARAMETERS:)[^\n]+"
)
# What is as long as a token, a ticket's code or the secret of an authenticator app, and has a
# digit, which names in code rarely have.
LONG_WORD = re.compile(r"[\w~:=-]{32,}")
UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
MASK = "***"


def mask_path(path: str) -> str:
    """The path as a log may hold it: without its query string, with tokens masked."""
    return IN_PATH.sub(MASK, path.partition("?")[0])


def mask_text(text: str) -> str:
    """A message or traceback as a log may hold it. Ids of requests and tasks stay readable."""
    return LONG_WORD.sub(mask_long_word, IN_TEXT.sub(MASK, text))


def mask_long_word(found: re.Match[str]) -> str:
    word = found[0]
    return MASK if any(map(str.isdigit, word)) and not UUID.fullmatch(word) else word
