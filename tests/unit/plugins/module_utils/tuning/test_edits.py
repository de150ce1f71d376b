# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of somebody else's, changed where they are and nowhere else."""

from __future__ import annotations

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import edits
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

DEBIAN_CRONTAB = """\
SHELL=/bin/sh
# m h dom mon dow user  command
17 *    * * *   root    cd / && run-parts --report /etc/cron.hourly
25 6    * * *   root    test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6    * * 7   root    cd / && run-parts --report /etc/cron.weekly
#25 6    * * *   root    run-parts /etc/cron.daily
"""


def test_hosts_gets_what_every_pc_knows_and_keeps_what_somebody_wrote() -> None:
    old = "127.0.1.1 builder.example builder\n192.0.2.7 printer\n::1 localhost6\n"

    assert edits.hosts(old) == (
        "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
        "192.0.2.7 printer\n::1 localhost6\n"
    )
    assert edits.hosts(edits.hosts(old)) == edits.hosts(old)


def test_fstab_has_ram_and_file_servers_and_no_disk() -> None:
    old = (
        "# /etc/fstab: static file system information.\n"
        "UUID=1234 / ext4 errors=remount-ro 0 1\n"
        "/dev/sda2 none swap sw 0 0\n"
        "tmpfs /run/lock tmpfs size=5m 0 0\n"
        "192.0.2.9:/share /share nfs4 ro 0 0\n"
        "tmpfs /tmp tmpfs size=1g 0 0\n"
        "tmpfs /once tmpfs mode=1777,size=1%,x-netboot 0 0\n"
    )
    tuning = Tuning(
        tmpfs=({"path": "/tmp", "size": "25%"},),
        mounts=(
            {"src": "192.0.2.2:/srv/homes", "path": "/home", "options": "vers=3"},
            {"src": "//192.0.2.3/all", "path": "/all", "fstype": "cifs", "options": None},
        ),
    )

    new = edits.fstab(old, tuning)

    assert new.splitlines()[1:] == [
        "tmpfs /tmp tmpfs mode=1777,nosuid,nodev,size=25%,x-netboot 0 0",
        "192.0.2.2:/srv/homes /home nfs _netdev,vers=3,x-netboot 0 0",
        "//192.0.2.3/all /all cifs _netdev,x-netboot 0 0",
        "tmpfs /run/lock tmpfs size=5m 0 0",
        "192.0.2.9:/share /share nfs4 ro 0 0",
    ]
    assert edits.fstab(new, tuning) == new


def test_jobs_of_a_day_a_week_and_a_month_are_spread_once() -> None:
    spread = edits.crontab(DEBIAN_CRONTAB, Tuning(spread_minutes=60))

    changed = [line for line in spread.splitlines() if line not in DEBIAN_CRONTAB]
    assert [line.split()[5:9] for line in changed] == [
        ["root", "/usr/lib/netboot/spread", "60", "&&"]
    ] * 2
    assert ["daily" in line or "weekly" in line for line in changed] == [True, True]
    assert edits.crontab(spread, Tuning(spread_minutes=60)) == spread
    assert "spread 30 && test" in edits.crontab(spread, Tuning(spread_minutes=30))


@pytest.mark.parametrize(
    "old", ["", "UTC=yes\n", "#ASYNCMOUNTNFS=yes\n", "ASYNCMOUNTNFS=yes\nUTC=yes\n"]
)
def test_the_old_init_waits_for_nfs(old: str) -> None:
    new = edits.rcs(old)

    assert "ASYNCMOUNTNFS=no" in new.splitlines()
    assert new.count("ASYNCMOUNTNFS") == 1
    assert ("UTC=yes" in old) == ("UTC=yes" in new)
    assert edits.rcs(new) == new
