"""Searches in texts that must find something."""

import re


def first_match(pattern: str | re.Pattern[str], text: str) -> re.Match[str]:
    """Return the first match of this pattern, which the text must have."""
    found = re.search(pattern, text)
    assert found, f"no {pattern} in {text[:2000]}"
    return found
