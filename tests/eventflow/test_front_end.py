"""The form of templates, styles and scripts: what a reader of a diff must be able to rely on."""

import re

import pytest
from django.conf import settings
from django.template.loader import get_template

WIDTH, MOST_LINES = 120, 300
# Classes that no source spells: Python composes the first two, htmx sets the third one.
COMPOSED = re.compile(r"date-block__\w+|fill-\w+|htmx-request")
# Classes of the templates that are Django's own administration's.
FOREIGN = {"errornote"}
APPS = ("accounts", "events", "tickets", "eventflow")


def own_files(folder, *suffixes):
    """The files with these endings in a folder of the repository, without those of others."""
    files = (settings.BASE_DIR / folder).rglob("*")
    return [file for file in files if file.suffix in suffixes and "vendor" not in file.parts]


@pytest.fixture(
    params=[
        ("templates", ".html", ".txt"),
        ("static/css", ".css"),
        ("static/js", ".js"),
        # The service workers.
        ("eventflow/server", ".js"),
        ("tickets/checkin", ".js"),
    ],
    ids=lambda param: param[0],
)
def texts(request):
    """The text of each file of one folder, by its path."""
    files = own_files(*request.param)
    assert files
    return {str(file.relative_to(settings.BASE_DIR)): file.read_text() for file in files}


def test_front_end_has_no_line_over_120_columns(texts):
    wide = {
        f"{path}:{number}": len(line)
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > WIDTH
    }
    assert wide == {}


def test_front_end_has_no_file_over_300_lines(texts):
    lengths = {path: len(text.splitlines()) for path, text in texts.items()}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_every_template_compiles():
    folder = settings.BASE_DIR / "templates"
    for file in own_files("templates", ".html", ".txt"):
        get_template(str(file.relative_to(folder)))


def text_of(files):
    return "\n".join(file.read_text() for file in files)


def styles():
    """Our stylesheets, without their comments and quoted words."""
    text = text_of(own_files("static/css", ".css"))
    return re.sub(r'/\*.*?\*/|"[^"]*"', "", text, flags=re.DOTALL)


def users_of_styles():
    """The text of all that can name a class, an attribute or an icon."""
    files = [*own_files("templates", ".html"), *own_files("static/js", ".js")]
    for app in APPS:
        files += own_files(app, ".py")
    return text_of(files)


def styled_classes():
    """The classes that our stylesheets have rules for."""
    return set(re.findall(r"\.([a-zA-Z_][\w-]*)", styles()))


def test_stylesheets_have_no_class_that_nothing_uses():
    used = set(re.findall(r"[\w-]+", users_of_styles()))
    unused = {name for name in styled_classes() - used if not COMPOSED.fullmatch(name)}
    assert unused == set()


def as_script_writes(attribute):
    """`data-all-pages` as a script sets it: `dataset.allPages`."""
    words = attribute.removeprefix("data-")
    return "dataset." + re.sub(r"-(\w)", lambda letter: letter[1].upper(), words)


def test_stylesheets_have_no_attribute_that_nothing_sets():
    sources = users_of_styles()
    attributes = set(re.findall(r"\[([a-z-]+)", styles()))
    assert attributes
    unset = {name for name in attributes if name not in sources}
    assert {name for name in unset if as_script_writes(name) not in sources} == set()


def test_stylesheets_define_no_property_that_nothing_reads():
    defined = set(re.findall(r"[{;\s](--[a-z][\w-]*):", styles()))
    read = set(re.findall(r"var\((--[\w-]+)", styles() + users_of_styles()))
    assert defined
    assert defined - read == set()


def test_sprite_has_no_icon_that_nothing_shows():
    sprite = (settings.BASE_DIR / "static/icons.svg").read_text()
    icons, sources = set(re.findall(r'<symbol id="([^"]+)"', sprite)), users_of_styles()
    assert icons
    shown = {name for name in icons if f'"{name}"' in sources or f"#{name}" in sources}
    assert icons - shown == set()


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
