"""The report of a run, as Markdown and as JSON: budgets, figures, notes and query plans."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from bench.processes import ROOT
from bench.stack import Stack, postgresql_bin

# Git ignores var/. docs/performance.md names the headline figures by hand.
FOLDER = ROOT / "var/bench"
COSTS = "CPU ms: web, worker, PostgreSQL, Redis | SQL: web, worker | memory MiB |"
KINDS = ("web", "worker", "postgres", "redis")

Results = dict[str, dict[str, Any]]


def tables(results: Results) -> str:
    """What this run measured."""
    parts = [budgets(results), figures(results)]
    notes = [f"- {name}: {note}" for name, result in results.items() for note in result["notes"]]
    return "\n".join([*parts, *notes, ""])


def budgets(results: Results) -> str:
    lines = [
        "| case | | measured | budget | met | against the yardstick |",
        "|---|---|---:|---:|---|---|",
    ]
    for name, result in results.items():
        for verdict in result["verdicts"]:
            sign = "≥" if verdict["at_least"] else "≤"
            ratio = (
                f"{short(verdict['ratio'])} of {verdict['to']}"
                if verdict["ratio"] is not None
                else ""
            )
            measured, budget = (
                f"{short(verdict[value])} {verdict['unit']}".strip()
                for value in ("measured", "budget")
            )
            cells = [
                name,
                verdict["what"],
                measured,
                f"{sign} {budget}",
                "yes" if verdict["is_met"] else "**no**",
                ratio,
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def figures(results: Results) -> str:
    lines = [
        "| | clients | requests/s | p50 ms | p95 ms | p99 ms | " + COSTS,
        "|---|---:|---:|---:|---:|---:|---|---|---|",
    ]
    for result in results.values():
        for figure in result["figures"]:
            cells = [
                figure["what"],
                str(figure["clients"]),
                *(short(figure[name]) for name in ("rate", "p50", "p95", "p99")),
            ]
            cells.append(
                ", ".join(f"{figure['cpu'].get(kind, 0):.2f}" for kind in KINDS)
                if figure["cpu"]
                else ""
            )
            cells.append(
                ", ".join(f"{figure['sql'].get(kind, 0):.1f}" for kind in ("web", "worker"))
                if figure["sql"]
                else ""
            )
            cells.append(", ".join(f"{kind} {mib:.0f}" for kind, mib in figure["memory"].items()))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def short(value: float) -> str:
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def machine(stack: Stack) -> str:
    """What was measured on."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.MULTILINE))
    disk = subprocess.run(
        ["df", "--output=fstype", stack.folder], check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    database = subprocess.run(
        [postgresql_bin() / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout.split()[2]
    return (
        f"{cores} cores ({model[1] if model else platform.machine()}), {memory:.0f} GiB, {disk}; "
        f"Linux {platform.release()}, "
        f"Python {platform.python_version()}, PostgreSQL {database}"
    )


def write(results: Results) -> None:
    """Write `results.json` and `results.md`; cases that were not measured now keep theirs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "results.json"
    earlier = json.loads(file.read_text()) if file.exists() else {}
    together = dict(sorted((earlier | results).items()))
    file.write_text(json.dumps(together, indent=1, ensure_ascii=False) + "\n")
    (FOLDER / "results.md").write_text(document(together))


def document(results: Results) -> str:
    dates: dict[tuple[str, str], list[str]] = {}
    for name, result in results.items():
        dates.setdefault((result["date"][:10], result["machine"]), []).append(name)
    measured = [
        f"Measured on {date}, {machine}: {', '.join(names)}."
        for (date, machine), names in dates.items()
    ]
    plans = [
        f"### {name}\n\n```\n{plan}\n```\n"
        for result in results.values()
        for name, plan in result["plans"].items()
    ]
    return (
        "\n".join(
            [*measured, "", tables(results), *(["## Plans\n", *plans] if plans else [])]
        ).rstrip("\n")
        + "\n"
    )
