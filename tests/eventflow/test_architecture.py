"""The walks of docs/architecture.md name files and functions that exist, and no file twice."""

import re

import pytest
from django.conf import settings

TEXT = (settings.BASE_DIR / "docs/architecture.md").read_text().partition("\n## Three walks\n")[2]
# A walk, or the part of it that runs in one process, begins with a heading or a line with a colon.
PARTS = [part for part in re.split(r"\n(?:### .+|\S.*:)\n", TEXT)[1:] if part.strip()]
STEP = re.compile(r"^ *\d+\. (?:[^`]*)`([\w./-]+\.\w+)`(?: `(\w+)`)?", re.M)


def steps(part):
    """Return [(file, name)] of each step, the name empty where a file has none."""
    return STEP.findall(part)


@pytest.mark.parametrize("part", PARTS, ids=range(len(PARTS)))
def test_walk_enters_no_file_twice(part):
    files = [file for file, _name in steps(part)]
    assert len(files) > 1
    assert len(files) == len(set(files))


def test_walks_name_what_exists():
    named = [step for part in PARTS for step in steps(part)]
    assert [step for step in named if not is_defined(*step)] == []


def is_defined(file, name):
    """Whether the file exists, and defines this name, if one is given."""
    path = settings.BASE_DIR / file
    definition = rf"\b(?:def|class|function) {name}\b|^{name} = "
    return path.is_file() and (not name or bool(re.search(definition, path.read_text(), re.M)))
