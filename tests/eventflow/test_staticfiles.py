"""One stylesheet and one script in the place of our many small files."""

import re

import pytest
from django.conf import settings

from eventflow.server.staticfiles import SCRIPTS, STYLES, join_scripts, join_styles, moved

pytestmark = pytest.mark.once

STATIC = settings.BASE_DIR / "static"


def read(name):
    return (STATIC / name).read_text()


def reading(**files):
    """As `read`, of files that are given by the letters of their names."""
    texts = {"css/app.css": "", "js/ui.js": ""} | {
        {"styles": STYLES, "scripts": SCRIPTS}.get(name, name): text for name, text in files.items()
    }
    return lambda name: texts[name.replace("css/a.css", "a").replace("js/a.js", "a")]


def test_styles_are_one_file_in_the_order_of_their_layers():
    joined = join_styles(read)
    assert "@import" not in joined
    layers = ["reset", "tokens", "base", "layout", "components", "utilities"]
    assert joined.startswith(f"@layer {','.join(layers)};")
    starts = [joined.index(f"@layer {layer}{{") for layer in layers]
    assert starts == sorted(starts)
    parts = re.findall(r'^@import url\("([^"]+)"\)', read(STYLES), re.M)
    assert len(parts) > 9
    for part in parts:
        for name in re.findall(r"^\.([\w-]+)", read(f"css/{part}"), re.M):
            assert f".{name}" in joined, part


def test_styles_keep_what_a_string_holds():
    styles = 'a { content: "; /* no comment */ //  two  spaces"; } /* gone */\n& > b { c: d }'
    joined = join_styles(reading(styles='@import url("a.css") layer(base);', a=styles))
    assert joined == ('@layer base{a{content:"; /* no comment */ //  two  spaces"}& >b{c:d}}')


def test_addresses_in_styles_still_lead_somewhere():
    addresses = re.findall(r'url\("?([^")]+)"?\)', join_styles(read))
    assert len(addresses) >= 2
    for address in addresses:
        assert (STATIC / "css" / address).resolve().is_file(), address
    assert moved("css/components", "../../icons.svg", "css") == "../icons.svg"


def test_scripts_are_one_file_without_imports_and_comments():
    joined = join_scripts(read)
    assert not re.search(r"^\s*(import|export)\b", joined, re.M)
    assert len(re.findall(r'^import "./(.+)";', read(SCRIPTS), re.M)) > 9
    assert not re.search(r"(^|[;{}\n])\s*//", joined)


def test_scripts_keep_what_a_string_holds():
    script = (
        'const a = "x; // no comment", b = `; //  two  ${a}`; // gone\n// gone\nf(a, /[;] /);\n'
    )
    joined = join_scripts(reading(scripts='import "./a.js";\ng();', a=script))
    assert joined == ('{const a="x; // no comment",b=`; //  two  ${a}`;f(a,/[;] /);}\ng();')


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('import "./b.js";', "import"),
        ("export const a = 1;", "export"),
        ("const a = `x ${b ? `y` : 1}`;", "`x ${b ? `"),
    ],
)
def test_script_that_can_not_be_joined_is_refused(script, reason):
    with pytest.raises(ValueError, match=r"js/a\.js can't be joined") as refused:
        join_scripts(reading(scripts='import "./a.js";', a=script))
    assert str(refused.value).endswith(reason)


def test_style_that_can_not_be_joined_is_refused():
    with pytest.raises(ValueError, match=r"css/a\.css can't be joined .*: @import$"):
        join_styles(reading(styles='@import url("a.css") layer(base);', a='@import url("b.css");'))
