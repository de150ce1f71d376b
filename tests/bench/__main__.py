# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the benches named, or all: print a table and write the same as JSON to .build/bench."""

from __future__ import annotations

import importlib
import json
import os
import platform
import statistics
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench.harness import (
    Bench,
    BenchError,
    Cost,
    Result,
    middle,
)
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parents[1] / ".build" / "bench"


def table(title: str, results: list[Result]) -> Table:
    """Return what a person reads."""
    made = Table(title=title, title_justify="left")
    made.add_column("what", overflow="fold")
    for heading in ("ours", "theirs", "ratio", "runs", "spread", "memory", "wanted", "met"):
        made.add_column(heading, justify="right", no_wrap=heading != "wanted")
    for result in results:
        met = {None: "", True: "yes", False: "NO"}[result.met]
        made.add_row(
            result.bench.what + (f" ({result.bench.note})" if result.bench.note else ""),
            seconds(result.ours),
            seconds(result.theirs),
            f"{statistics.median(result.ratios):.3g}" if result.ratios else "-",
            str(len(result.ours)),
            spread(result),
            "-" if result.rss_mb is None else f"{result.rss_mb:.0f} MB",
            str(result.bench.bound) or "-",
            met,
        )
    return made


def seconds(costs: list[Cost]) -> str:
    """Return the median."""
    return f"{middle(costs):.3g} s" if costs else "-"


def spread(result: Result) -> str:
    """Return the least and the greatest: of the ratios, or of our seconds where there is none."""
    figures = result.ratios or [cost.seconds for cost in result.ours]
    return f"{min(figures):.3g}-{max(figures):.3g}" + ("" if result.ratios else " s")


def record(result: Result) -> dict[str, object]:
    """Return what a program reads."""
    return {
        "what": result.bench.what,
        "note": result.bench.note,
        "ours_seconds": middle(result.ours),
        "theirs_seconds": middle(result.theirs) if result.theirs else None,
        "ratio": statistics.median(result.ratios) if result.ratios else None,
        "runs": len(result.ours),
        "spread": [min(result.ratios), max(result.ratios)] if result.ratios else None,
        "rss_mb": result.rss_mb,
        "bound": asdict(result.bench.bound),
        "met": result.met,
        "ours": [asdict(cost) for cost in result.ours],
        "theirs": [asdict(cost) for cost in result.theirs],
    }


def run(name: str, console: Console) -> bool:
    """Run one file's benches; False if one could not be run."""
    module = importlib.import_module(f"{__package__}.bench_{name}")
    benches: Iterator[Bench] = module.benches()
    results, error = [], ""
    try:
        for bench in benches:
            with console.status(f"{name}: {bench.what}"):
                results.append(bench.run())
    except BenchError as failure:
        error = str(failure)
    except Exception:  # the other files' benches are wanted all the same
        error = traceback.format_exc()[-3000:]
    finally:
        benches.close()  # type: ignore[attr-defined]
    console.print(table(name, results))
    if error:
        console.print(f"{name}: {error}", markup=False)
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
    OUTPUT.mkdir(parents=True, exist_ok=True)
    written = {"machine": machine, "error": error or None, "benches": list(map(record, results))}
    text = json.dumps(written, indent=2) + "\n"
    (OUTPUT / f"{name}.json").write_text(text, encoding="utf-8")
    return not error


def main() -> int:
    """Read the command line: names of benches, all if there is none."""
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    wanted = sys.argv[1:] or known
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"no bench {', '.join(unknown)}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(f"Wanted is a bound for ours; nothing fails when it is not met. JSON: {OUTPUT}")
    failed = [name for name in wanted if not run(name, console)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
