"""Functions and files of Python stay as small as one can read at once."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.once
MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_A_FILE = 40, 300
FOLDERS = ("accounts", "bench", "bin", "eventflow", "events", "tests", "tickets")
# A longer file says so in its docstring, with the reason.
REASON = re.compile(r"It\s+is\s+long\s+because")


def python_files() -> Iterator[tuple[str, str]]:
    """Yield (path, text) of our Python files, scripts without a suffix included.

    Django writes the migrations.
    """
    paths = [path for folder in FOLDERS for path in (settings.BASE_DIR / folder).rglob("*")]
    for path in [*paths, settings.BASE_DIR / "manage.py"]:
        if path.is_file() and "migrations" not in path.parts and is_python(path):
            yield str(path.relative_to(settings.BASE_DIR)), path.read_text()


def is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix == ".py"
    with path.open("rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and b"python" in first


def test_functions_have_at_most_forty_lines():
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path, text in python_files()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_of(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines from `def` to the end, without the decorators: parameters of tests are tables."""
    assert node.end_lineno
    return node.end_lineno - node.lineno + 1


def test_files_of_more_than_three_hundred_lines_and_no_others_say_why():
    files = dict(python_files())
    long = {path for path, text in files.items() if len(text.splitlines()) > MOST_LINES_OF_A_FILE}
    assert {path for path, text in files.items() if says_why_it_is_long(text)} == long


def says_why_it_is_long(text: str) -> bool:
    # Only a text with these words somewhere is worth being parsed.
    found = REASON.search(text)
    return bool(found and REASON.search(ast.get_docstring(ast.parse(text)) or ""))


def test_docstring_that_says_why_is_found():
    """What the other test relies on: the words count in the docstring of the module only."""
    assert says_why_it_is_long('"""A table.\n\nIt is\nlong because it has many rows.\n"""')
    assert not says_why_it_is_long('"""A table."""\n\nWHY = "It is long because …"')
