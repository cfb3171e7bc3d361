"""The order of the apps in names that import-linter can't see: tags, templates, URLs.

`tickets → events → accounts` holds for imports (pyproject.toml). A page may still name what a
higher app offers: a link or a part of a page is found by its name when it is rendered. Each such
name is listed here with its reason, so that a new one is a decision.
"""

import re
from pathlib import Path

from django.conf import settings
from django.template.backends.django import get_installed_libraries

ORDER = ["accounts", "events", "tickets"]
# Folders of templates whose name is not that of their app.
FOLDERS = {"account": "accounts", "mfa": "accounts"}
LOAD = re.compile(r"\{%\s*load\s+([^%]*?)\s*%\}")
URL = re.compile(r"""\{%\s*url\s+["'](\w+):\w+["']""")
TEMPLATE = re.compile(r"""\{%\s*(?:include|extends)\s+["']([\w-]+)/""")
REVERSED = re.compile(r"""(?:reverse|reverse_lazy|redirect|resolve_url)\(\s*["'](\w+):\w+["']""")

KNOWN = {
    # After log-in, log-out or the deletion of an account a person is led to the list of events, and
    # the mail about a new role links to the organizer's panel.
    ("accounts", "URL", "events"),
    # The page of passkeys shows dates as every page does.
    ("accounts", "tags", "events"),
    # An event's pages link to its queue, its check-in and its messages, and the mail to door staff
    # to
    # the check-in.
    ("events", "URL", "tickets"),
    # The public page holds the card to reserve, the live page the arrivals and the queue's counts.
    ("events", "tags", "tickets"),
    # Fields of an event and its live page say what its paper tickets leave out.
    ("events", "template", "tickets"),
}


def app_of(template: Path) -> str:
    folder = template.relative_to(settings.BASE_DIR / "templates").parts[0]
    return FOLDERS.get(folder, folder)


def names_in_templates():
    """(app of the template, kind, app that is named), for every name in a template of an app."""
    libraries = {name: path.split(".")[0] for name, path in get_installed_libraries().items()}
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        app, text = app_of(path), path.read_text()
        if app not in ORDER:
            continue
        for words in LOAD.findall(text):
            yield from ((app, "tags", libraries[word]) for word in words.split())
        yield from ((app, "URL", namespace) for namespace in URL.findall(text))
        for folder in TEMPLATE.findall(text):
            yield app, "template", FOLDERS.get(folder, folder)


def names_in_code():
    for app in ORDER:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            yield from ((app, "URL", namespace) for namespace in REVERSED.findall(path.read_text()))


def is_upward(app: str, named: str) -> bool:
    return named in ORDER and ORDER.index(named) > ORDER.index(app)


def test_apps_name_higher_apps_only_where_it_is_written_down():
    names = {*names_in_templates(), *names_in_code()}
    assert {name for name in names if is_upward(name[0], name[2])} == KNOWN


def test_layer_check_finds_names():
    names = {*names_in_templates(), *names_in_code()}
    assert {("tickets", "tags", "events"), ("tickets", "URL", "tickets")} <= names
    assert {kind for _app, kind, _named in names} == {"tags", "URL", "template"}
