# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one step of the workshop and say in one line what it was, and count what all steps found.

``step.py run NAME TITLE -- COMMAND...`` keeps the command's output in ``.build/log/NAME.log``,
shows it when the command fails (or at once with ``--live``), and leaves one JUnit test case in
``.build/results/NAME.xml``, unless the command itself writes such a file (``--own-result``).
``step.py summary`` adds up all result files; its last line is ``N passed, N failed, N skipped``.

It runs before the virtual environment exists: nothing but the standard library.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

LOGS = Path(".build/log")
RESULTS = Path(".build/results")


@dataclass
class Count:
    """Test cases by outcome; ``failed`` holds their names."""

    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failed)} failed, {self.skipped} skipped"


def count(files: Iterable[Path]) -> Count:
    """Add up the test cases of JUnit files; a file that is no XML counts as a failed one."""
    total = Count()
    for file in sorted(files):
        try:
            cases = list(ET.parse(file).iter("testcase"))
        except ET.ParseError as error:
            total.failed.append(f"{file.name}: {error}")
            continue
        for case in cases:
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                total.failed.append(f"{file.stem}: {case.get('classname')} {case.get('name')}")
            elif "skipped" in outcomes:
                total.skipped += 1
            else:
                total.passed += 1
    return total


def results_of(name: str) -> list[Path]:
    """Return a step's result files: its own, or several that share its name as prefix."""
    return [*RESULTS.glob(f"{name}.xml"), *RESULTS.glob(f"{name}-*.xml")]


def write_result(name: str, title: str, seconds: float, failure: str | None) -> None:
    """Write the one test case that a step is; ``failure`` is the end of its output."""
    suite = ET.Element("testsuite", name=name)
    case = ET.SubElement(suite, "testcase", classname="step", name=title, time=f"{seconds:.3f}")
    if failure is not None:
        # XML 1.0 has no way to write most control characters.
        clean = "".join(c if c.isprintable() or c in "\n\t" else "?" for c in failure)
        ET.SubElement(case, "failure", message="the step failed").text = clean
    ET.ElementTree(suite).write(RESULTS / f"{name}.xml", encoding="utf-8", xml_declaration=True)


def execute(command: list[str], log: Path, lead: bytes | None) -> int:
    """Run a command with its output in ``log``, and on the screen too behind ``lead``, if any."""
    with log.open("wb") as sink:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink if lead is None else subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            sink.write(f"{error}\n".encode())
            return 127
        try:
            if process.stdout is not None:
                for line in process.stdout:
                    sink.write(line)
                    sys.stdout.buffer.write((lead or b"") + line)
                    sys.stdout.buffer.flush()
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sent the signal to the command as well: let it tidy up.
            process.wait()
            raise


def run(name: str, title: str, command: list[str], live: bool, own_result: bool) -> int:
    """Run one step, say how it went, and return the exit status."""
    LOGS.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for stale in results_of(name) if own_result else [RESULTS / f"{name}.xml"]:
        stale.unlink(missing_ok=True)
    log = LOGS / f"{name}.log"
    # Steps that run side by side would write into each other's line: they say it at the end, or
    # each line says whose it is.
    parallel = "--jobserver" in os.environ.get("MAKEFLAGS", "")
    lead_live = (f"{name}: ".encode() if parallel else b"") if live else None
    if live or not parallel:
        print(f"{title} ...", end="\n" if live else " ", flush=True)

    start = time.monotonic()
    status = execute(command, log, lead_live)
    seconds = time.monotonic() - start

    output = log.read_text(encoding="utf-8", errors="replace")
    detail = ""
    if own_result:
        found = count(results_of(name))
        detail = f", {found}"
        if status == 0 and (found.failed or not found.passed):
            status = 1
        if status != 0 and not found.failed:
            write_result(name, f"{title}: ended before it could count", seconds, output[-4000:])
    elif not name.startswith("setup"):  # setting up proves nothing
        write_result(name, title, seconds, output[-4000:] if status else None)

    lead = f"{title}: " if live or parallel else ""
    if status == 0:
        print(f"{lead}{seconds:.1f} s{detail}", flush=True)
        return 0
    if not live:
        print(f"{lead}FAILED\n{output}")
    print(f"{title}: FAILED after {seconds:.1f} s{detail} (output: {log})", flush=True)
    return status if 0 < status < 126 else 1


def summary() -> int:
    """Print what failed, then the count; 1 if a test failed or none ran."""
    total = count(RESULTS.glob("*.xml"))
    for name in total.failed:
        print(f"FAILED {name}")
    print(total, flush=True)
    return 0 if total.passed and not total.failed else 1


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    runner = commands.add_parser("run", help="run one step")
    runner.add_argument("--live", action="store_true", help="show the output as it comes")
    runner.add_argument("--own-result", action="store_true", help="the command writes the result")
    runner.add_argument("name")
    runner.add_argument("title")
    runner.add_argument("words", nargs="+", metavar="COMMAND")
    commands.add_parser("summary", help="add up all results")
    options = parser.parse_args()
    if options.command == "summary":
        return summary()
    return run(options.name, options.title, options.words, options.live, options.own_result)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
