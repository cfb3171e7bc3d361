"""Which device a browser says it runs on, in a few words; the rest of what it says is not kept."""

import re

# The first that fits: browsers name each other.
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


def device_of(user_agent: str) -> str:
    """`Firefox, Linux`; the name of a program; empty if nothing is known."""
    known = [first(BROWSERS, user_agent), first(SYSTEMS, user_agent)]
    if any(known):
        return ", ".join(filter(None, known))
    named = PROGRAM.match(user_agent)
    return named[0].strip() if named else ""


def first(names: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for name, sign in names if re.search(sign, user_agent)), "")
