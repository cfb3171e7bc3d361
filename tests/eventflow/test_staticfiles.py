"""What browsers get in the place of our many small files."""

import re

import pytest
from django.conf import settings

from eventflow.server.staticfiles import bundled_scripts, bundled_styles, moved, tight

pytestmark = pytest.mark.once

STATIC = settings.BASE_DIR / "static"


def read(name):
    return (STATIC / name).read_text()


def test_styles_are_one_file_in_the_order_of_their_layers():
    whole = bundled_styles(read)
    assert "@import" not in whole
    assert whole.index("@layer reset,tokens,base,layout,components,utilities;") < whole.index(
        "@layer reset{"
    )
    for part in STATIC.glob("css/**/*.css"):
        if part.name not in {"app.css", "api.css"}:
            assert tight(part.read_text().splitlines()[-1]) in whole, part.name


def test_styles_lose_spaces_that_mean_nothing_and_no_others():
    styles = """
& > .a, .b :is(i) {
  margin: calc(1rem + 2px) auto;
  content: attr(title) " ";
}
@media (min-width: 4rem) and print { a:hover { --x: 1 } }"""
    assert tight(styles) == (
        '\n& > .a,.b :is(i){margin:calc(1rem + 2px) auto;content:attr(title) " ";}@media (min-width:4rem) and print{a:hover{--x:1}}'
    )


def test_addresses_in_styles_still_lead_somewhere():
    addresses = re.findall(r'url\("([^"]+)"\)', bundled_styles(read))
    assert len(addresses) >= 2
    for address in addresses:
        assert (STATIC / "css" / address).resolve().is_file(), address
    assert moved("css/components", "../../icons.svg", "css") == "../icons.svg"


def test_scripts_are_one_file_of_blocks_and_export_nothing():
    whole = bundled_scripts(read)
    assert not re.search(r"^(import|export) ", whole, re.M)
    modules = re.findall(r'import "./(.+)";', read("js/ui.js"))
    assert len(modules) > 9
    for module in modules:
        assert f"{{\n{code_of(read(f'js/{module}'))}}}" in whole
    assert not re.search(r"(^|\s)//|/\*", whole + bundled_styles(read)), (
        "comments are for the sources"
    )


def code_of(module):
    """Line by line, without what is said about it."""
    lines = [
        line.partition(" // ")[0]
        for line in module.splitlines()
        if not line.strip().startswith("//")
    ]
    return "".join(f"{line}\n" for line in lines)
