# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``ansible-test sanity`` on a clean copy: ``sanity.py BUILD_FOLDER RESULTS_FOLDER``.

ansible-test wants the collection to lie in a real folder ``ansible_collections/NAMESPACE/NAME``
and reads every file there, so it gets a copy of what git has or would add. Its home, with the
environments that it makes for its tests, is in the build folder as well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

# Fetches pip from the package index instead of the one host that ansible-test knows for it.
BOOTSTRAP = """\
import subprocess, sys
options = [word for word in sys.argv[1:] if not word.startswith(("pip==", "--no-setup", "--no-wh"))]
pip = [sys.executable, {wheel!r} + "/pip", "install", "--no-index", *options, {wheel!r}]
sys.exit(subprocess.call(pip))
"""


def copy_checkout(target: Path) -> None:
    """Copy the files that are tracked, or new and not ignored, into an empty ``target``."""
    # As root in somebody else's clone, git would refuse to read it.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    listing = subprocess.run(git, check=True, stdout=subprocess.PIPE).stdout
    shutil.rmtree(target, ignore_errors=True)
    for name in filter(None, os.fsdecode(listing).split("\0")):
        source = Path(name)
        if not os.path.lexists(source):  # deleted, and not committed yet
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / name, follow_symlinks=False)
    # Else ansible-test asks the checkout around it, where git ignores the build folder: no files.
    subprocess.run(["git", "init", "--quiet", str(target)], check=True)


def provide_pip(home: Path) -> None:
    """Put the pip that this ansible-test asks for where it looks before it downloads one."""
    package = find_spec("ansible_test")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("ansible-test is not installed here")
    source = Path(package.submodule_search_locations[0], "_internal/python_requirements.py")
    match = re.search(r"\bpip='([0-9.]+)'", source.read_text(encoding="utf-8"))
    if match is None:
        raise SystemExit(f"{source} no longer says which pip it wants: adapt {__file__}")
    version = match.group(1)
    cache = home / ".ansible/test/cache"
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache)]
    subprocess.run([*fetch, f"pip=={version}"], check=True)
    wheel = next(cache.glob(f"pip-{version}-*.whl"))
    script.write_text(BOOTSTRAP.format(wheel=str(wheel)), encoding="utf-8")


def main(build: Path, results: Path) -> int:
    """Copy, run, collect the results as ``sanity-*.xml``; return ansible-test's exit status."""
    collection = build / "sanity/ansible_collections/diskless/netboot"
    home = build / "home"
    copy_checkout(collection)
    provide_pip(home)
    # pip keeps its own settings and cache: they come from the real home.
    real = Path(os.environ.get("HOME", "/"))
    environment = {
        "XDG_CONFIG_HOME": str(real / ".config"),
        "XDG_CACHE_HOME": str(real / ".cache"),
        **os.environ,
        "HOME": str(home),
    }
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--python", version, "--color", "no", "--junit"]
    status = subprocess.run(command, cwd=collection, env=environment, check=False).returncode
    prefix = "ansible-test-"
    for report in (collection / "tests/output/junit").glob(f"{prefix}sanity-*.xml"):
        shutil.copy(report, results / report.name.removeprefix(prefix))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
