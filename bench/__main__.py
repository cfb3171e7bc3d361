"""Measure all cases, or those named. The report goes to stdout and into var/bench/."""

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from bench import cases, report
from bench.bench import Bench, log
from bench.meter import MachineUsage
from bench.stack import Stack


def main() -> None:
    options, known = parse(), all_cases()
    if options.list:
        for name, case in known.items():
            print(f"{name:16} {title_of(case)}")
        return
    unknown = set(options.names) - known.keys()
    if unknown:
        raise SystemExit(
            f"There is no case {', '.join(sorted(unknown))}. There are: {', '.join(known)}"
        )
    begun = time.monotonic()
    # Not /tmp, which is memory on many machines: what is measured is what reaches the disk.
    with (
        tempfile.TemporaryDirectory(
            dir="/var/tmp", prefix="eventflow-bench-", ignore_cleanup_errors=True
        ) as temporary,
        Stack(options.folder.resolve() if options.folder else Path(temporary)) as stack,
    ):
        bench = Bench(stack)
        results = {name: measured(name, known[name], bench) for name in options.names or known}
    log(f"done in {time.monotonic() - begun:.0f} s")
    print(report.tables(results))
    report.write(results)
    sys.exit(
        not all(verdict["is_met"] for result in results.values() for verdict in result["verdicts"])
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="keep what is seeded in DIR and use it again, instead of a temporary folder",
    )
    parser.add_argument("--list", action="store_true", help="say which cases there are")
    return parser.parse_args()


def all_cases() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
    return {name: importlib.import_module(f"bench.cases.{name}") for name in names}


def title_of(case: ModuleType) -> str:
    return (case.__doc__ or "").strip().splitlines()[0].rstrip(".")


def measured(name: str, case: ModuleType, bench: Bench) -> dict:
    log(f"=== {name}: {title_of(case)}")
    begun, machine_usage = time.monotonic(), MachineUsage(bench.stack)
    result = case.run(bench).as_json()
    seconds = time.monotonic() - begun
    others = machine_usage.of_others() / seconds / (os.cpu_count() or 1)
    log(f"=== {name}: {seconds:.0f} s, {others:.0%} of the machine were others'")
    result["notes"].append(
        f"took {seconds:.0f} s, in which other processes of the machine used {others:.0%} of it"
    )
    return result | {
        "title": title_of(case),
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "machine": report.machine(bench.stack),
    }


if __name__ == "__main__":
    main()
