# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint what changed and run the unit tests that import it: ``quick.py [REVISION]``.

What changed is what differs from the revision, by default from where this branch left ``main``; on
``main`` itself, from its last commit. ``make lint unit`` looks at everything.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

UNIT = Path("tests/unit")
_NAME = "ansible_collections.diskless.netboot."
_IMPORT = re.compile(r"^\s*from (\.*)([\w.]*) import (\([^)]*\)|[^\n]+)", re.MULTILINE)


def git(*arguments: str) -> list[str]:
    """Return the lines that git prints."""
    ended = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return ended.stdout.splitlines()


def changed(revision: str) -> list[Path]:
    """Return the files that differ from *revision* or are new, and still there."""
    names = git("diff", "--name-only", revision) + git("ls-files", "-o", "--exclude-standard")
    return sorted(path for path in map(Path, set(names)) if path.is_file())


def imported(file: Path) -> set[Path]:
    """Return the files of this project that a Python file imports."""
    found = set()
    for dots, module, names in _IMPORT.findall(file.read_text(encoding="utf-8")):
        if dots:
            folder = file.parents[len(dots) - 1] / Path(*module.split("."))
        elif module.startswith(_NAME):
            folder = Path(*module.removeprefix(_NAME).split("."))
        else:
            continue
        last = [name.split()[0] for name in re.findall(r"\w+(?: as \w+)?", names)]
        places = [folder.with_suffix(".py"), folder / "__init__.py"]
        found |= {
            path for path in places + [folder / f"{name}.py" for name in last] if path.exists()
        }
    return found


def tests_of(files: list[Path]) -> list[Path]:
    """Return the unit tests that import one of *files*, over however many others, or are one."""
    known = {
        path: imported(path) for top in ("plugins", "tests") for path in Path(top).rglob("*.py")
    }
    reached, more = set(files), True
    while more:
        users = {path for path, names in known.items() if names & reached} - reached
        reached |= users
        more = bool(users)
    # What a folder's tests share by pytest's own way, no test imports.
    shared = {path.parent for path in reached if path.name == "conftest.py"}
    tests = {
        path for path in UNIT.rglob("test_*.py") if path in reached or shared & set(path.parents)
    }
    return sorted(tests)


def step(title: str, *command: str) -> bool:
    """Run a command, show what it says if it fails, and tell whether it succeeded."""
    begun = time.monotonic()
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    right = ended.returncode == 0
    if not right:
        print(ended.stdout + ended.stderr)
    print(f"{title}: {'' if right else 'FAILED, '}{time.monotonic() - begun:.1f} s", flush=True)
    return right


def main(arguments: list[str]) -> int:
    """Check, and return the exit status."""
    (revision,) = arguments or git("merge-base", "main", "HEAD")
    files = changed(revision)
    python = [str(path) for path in files if path.suffix == ".py"]
    yaml = [str(path) for path in files if path.suffix == ".yml"]
    # These read pages and metadata, which no import tells.
    readers = [str(UNIT / name) for name in ("docs", "meta")]
    tests = [str(path) for path in tests_of(files) if str(path.parent) not in readers] + readers
    print(f"{len(files)} files changed, {len(tests)} files and folders of unit tests")
    right = True
    if python:
        right &= step("ruff check", "ruff", "check", "--no-fix", *python)
        right &= step("ruff format", "ruff", "format", "--check", "--diff", *python)
        right &= step("mypy", "make", "--no-print-directory", "lint-mypy")
    if yaml:
        lint = ["ansible-lint", "--offline", "--profile", "production", "--strict", "--nocolor"]
        right &= step("ansible-lint", *lint, *yaml)
    if tests:
        right &= step("unit tests", sys.executable, "-m", "pytest", "-q", "-n", "2", *tests)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
