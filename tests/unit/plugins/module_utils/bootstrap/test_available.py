# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages a release has, from what apt-cache of Debian 12 and 14 prints."""

from __future__ import annotations

import subprocess

from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap import available

# Another package of its own suggests the first, so apt has a name for it and nothing to install.
POLICY = """\
isc-dhcp-server:
  Installed: (none)
  Candidate: (none)
  Version table:
dnsmasq:
  Installed: (none)
  Candidate: 2.93-1
  Version table:
     2.93-1 500
        500 http://mirror.example/debian forky/main amd64 Packages
"""


def test_what_a_release_has_no_more_is_named_with_what_to_choose() -> None:
    names = ["isc-dhcp-server", "dnsmasq", "autofs", "nonsense"]
    assert available.faults(names, POLICY, "Debian 14") == [
        "Debian 14 has no package isc-dhcp-server: set 'dhcp_server_backend' to 'kea' or 'dnsmasq'",
        "Debian 14 has no package autofs: mount these folders at boot, with 'client_tuning_mounts'"
        " in place of 'client_tuning_autofs'",
        "Debian 14 has no package nonsense",
    ]


def test_apt_s_own_output_is_read() -> None:
    policy = subprocess.run(
        ["apt-cache", "policy", "dpkg", "no-such-package"], stdout=subprocess.PIPE, check=True
    )
    assert available.candidates(policy.stdout.decode()) == {"dpkg"}
