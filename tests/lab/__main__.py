# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the lab's command from a checkout, installed nowhere."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
COLLECTIONS = PROJECT / ".build" / "collections"

if __name__ == "__main__":
    link = COLLECTIONS / "ansible_collections" / "diskless" / "netboot"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(PROJECT)
    sys.path.insert(0, str(COLLECTIONS))
    from ansible_collections.diskless.netboot.tests.lab.cli import main

    sys.exit(main())
