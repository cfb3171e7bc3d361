"""Describes a browser's device in a few words, from its User-Agent header."""

import re

# The first match counts: browsers name each other.
BROWSERS = [
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
]
SYSTEMS = [
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("ChromeOS", r"CrOS"),
    ("Windows", r"Windows"),
    ("Mac", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux|X11"),
]
# The name of a program: python-requests, curl, okhttp.
PROGRAM = re.compile(r"[A-Za-z][\w .-]{1,40}")


def describe_device(user_agent: str) -> str:
    """Return browser and system, as in `Firefox, Linux`, or the name of a program.

    Empty if the header says neither. Versions and models are left out on purpose: they would
    identify a person, and nobody needs them to recognize their own device.
    """
    known = [first_match(BROWSERS, user_agent), first_match(SYSTEMS, user_agent)]
    if any(known):
        return ", ".join(filter(None, known))
    program = PROGRAM.match(user_agent)
    return program[0].strip() if program else ""


def first_match(names: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, user_agent)), "")
