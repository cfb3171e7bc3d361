"""What a scenario measured, against what was promised: docs and people on call want numbers, not dots."""

import json
from pathlib import Path
from typing import Any, NamedTuple


class Figure(NamedTuple):
    scenario: str
    what: str
    measured: Any
    promised: str
    kept: bool


class Figures:
    """The figures of one scenario. `judge` fails the test when one of them misses what was promised."""

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self.all: list[Figure] = []

    def note(self, what: str, measured: Any) -> None:
        """Nothing was promised; it says how hard the scenario was."""
        self.add(what, measured, "", kept=True)

    def exactly(self, what: str, measured: Any, promised: Any) -> None:
        self.add(what, measured, f"= {promised}", kept=measured == promised)

    def at_most(self, what: str, measured: float, promised: float, unit: str = "") -> None:
        self.add(what, rounded(measured), f"≤ {promised} {unit}".strip(), kept=measured <= promised)

    def at_least(self, what: str, measured: float, promised: float, unit: str = "") -> None:
        self.add(what, rounded(measured), f"≥ {promised} {unit}".strip(), kept=measured >= promised)

    def add(self, what: str, measured: Any, promised: str, *, kept: bool) -> None:
        self.all.append(Figure(self.scenario, what, measured, promised, kept))

    @property
    def missed(self) -> list[str]:
        return [
            f"{figure.what}: {figure.measured}, promised {figure.promised}"
            for figure in self.all
            if not figure.kept
        ]

    def judge(self) -> None:
        assert self.missed == []


def rounded(value: float) -> float:
    return round(value, 3) if isinstance(value, float) else value


def table(figures: list[Figure]) -> list[str]:
    """As lines; the ones that missed begin with an exclamation mark."""
    lines, scenario = [], ""
    for figure in figures:
        if figure.scenario != scenario:
            scenario = figure.scenario
            lines += ["", scenario]
        lines.append(
            f"{' ' if figure.kept else '!'}   {figure.what:<68} {figure.measured!s:>12}   {figure.promised}"
        )
    return lines


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([figure._asdict() for figure in figures], indent=1))
