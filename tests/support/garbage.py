"""Looks for no garbage until the tests are collected, nor later among what is there by then.

Libraries and tests stay to the end. To look at all of them again and again is a third of what it
costs to import them. Loaded with `-p tests.support.garbage`, before Django.
"""

import gc
from collections.abc import Generator
from typing import Any

import pytest

gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
