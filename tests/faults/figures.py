"""Figures that a scenario measured, beside what was promised, as a table and as JSON."""

import json
from pathlib import Path
from typing import Any, NamedTuple


class Figure(NamedTuple):
    scenario: str
    what: str
    measured: Any
    promised: str
    met: bool


class Figures:
    """The figures of one scenario; `check` fails the test if one of them misses its promise."""

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self.all: list[Figure] = []

    def note(self, what: str, measured: Any) -> None:
        """Add a figure without a promise, which says how hard the scenario was."""
        self.add(what, measured, "", met=True)

    def exactly(self, what: str, measured: Any, promised: Any) -> None:
        self.add(what, measured, f"= {promised}", met=measured == promised)

    def none(self, what: str, measured: int) -> None:
        """Add a count that must be 0."""
        self.exactly(what, measured, 0)

    def at_most(self, what: str, measured: float, promised: float, unit: str = "") -> None:
        self.add(what, rounded(measured), f"≤ {promised} {unit}".strip(), met=measured <= promised)

    def at_least(self, what: str, measured: float, promised: float, unit: str = "") -> None:
        self.add(what, rounded(measured), f"≥ {promised} {unit}".strip(), met=measured >= promised)

    def add(self, what: str, measured: Any, promised: str, *, met: bool) -> None:
        self.all.append(Figure(self.scenario, what, measured, promised, met))

    @property
    def missed(self) -> list[str]:
        return [
            f"{figure.what}: {figure.measured}, promised {figure.promised}"
            for figure in self.all
            if not figure.met
        ]

    def check(self) -> None:
        assert self.missed == []


def rounded(value: float) -> float:
    return round(value, 3) if isinstance(value, float) else value


def table(figures: list[Figure]) -> list[str]:
    """Return lines of text; a figure that missed its promise begins with an exclamation mark."""
    lines, scenario = [], ""
    for figure in figures:
        if figure.scenario != scenario:
            scenario = figure.scenario
            lines += ["", scenario]
        mark, measured = " " if figure.met else "!", str(figure.measured)
        lines.append(f"{mark}   {figure.what:<68} {measured:>12}   {figure.promised}")
    return lines


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([figure._asdict() for figure in figures], indent=1))
