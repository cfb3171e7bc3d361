"""The form of templates, styles and scripts: what a reader of a diff must be able to rely on."""

import re

import pytest
from django.conf import settings
from django.template.loader import get_template

WIDTH = 120
# Classes that no source spells: Python composes the first two, htmx sets the third one.
COMPOSED = re.compile(r"date-block__\w+|fill-\w+|htmx-request")
# Classes of the templates that are Django's own administration's.
FOREIGN = {"errornote"}


def own_files(folder, *suffixes):
    """The files with these endings in a folder of the repository, without those of others."""
    files = (settings.BASE_DIR / folder).rglob("*")
    return [file for file in files if file.suffix in suffixes and "vendor" not in file.parts]


@pytest.mark.parametrize(
    ("folder", "suffixes"),
    [("templates", [".html", ".txt"]), ("static/css", [".css"]), ("static/js", [".js"])],
)
def test_front_end_has_no_line_over_120_columns(folder, suffixes):
    files = own_files(folder, *suffixes)
    assert len(files) > 10
    wide = {
        f"{file.relative_to(settings.BASE_DIR)}:{number}": len(line)
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if len(line) > WIDTH
    }
    assert wide == {}


def test_every_template_compiles():
    folder = settings.BASE_DIR / "templates"
    for file in own_files("templates", ".html", ".txt"):
        get_template(str(file.relative_to(folder)))


def styled_classes():
    """The classes that our stylesheets have rules for."""
    styles = "\n".join(file.read_text() for file in own_files("static/css", ".css"))
    without_words = re.sub(r'/\*.*?\*/|"[^"]*"', "", styles, flags=re.DOTALL)
    return set(re.findall(r"\.([a-zA-Z_][\w-]*)", without_words))


def test_stylesheets_have_no_class_that_nothing_uses():
    sources = [*own_files("templates", ".html"), *own_files("static/js", ".js")]
    for app in ("accounts", "events", "tickets", "eventflow"):
        sources += own_files(app, ".py")
    used = set(re.findall(r"[\w-]+", "\n".join(file.read_text() for file in sources)))
    unused = {name for name in styled_classes() - used if not COMPOSED.fullmatch(name)}
    assert unused == set()


def test_templates_have_no_class_without_a_style():
    styled, unstyled = styled_classes() | FOREIGN, {}
    for file in own_files("templates", ".html"):
        if {"mail", "pdf"} & set(file.parts):
            continue  # they bring their own styles along
        for value in re.findall(r'\bclass="((?:\{[%{].*?[%}]\}|[^"])*)"', file.read_text()):
            names = set(re.sub(r"\{[%{].*?[%}]\}", " ", value).split())
            if names - styled:
                unstyled[file.name] = names - styled
    assert unstyled == {}
