# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a careful person does first: look what would happen."""

from __future__ import annotations

from ansible_collections.diskless.netboot.tests.boot.site import Site


def test_check_and_diff_show_what_would_be_written_and_write_nothing(bare: Site) -> None:
    before = bare.files()

    run = bare.playbook("site.yml", "--check", "--diff")

    assert bare.files() == before
    assert bare.on_server("ls /srv") == ""
    assert "pxelinux.cfg/01-52-54-00-00-00-01" in run.output, "the entry is not in the diff"
    assert "/srv/netboot/clients/pc01/root" in run.output, "the root is not in the diff"
    for file in ("/etc/kea/kea-dhcp4.conf", "/etc/ganesha/netboot-exports.conf"):
        assert f"--- before: {file} (absent)" in run.output
    # 40 PCs, of many kinds: what they have in common is said once.
    assert len(run.output.splitlines()) < 1200


# Each fault, and words of the error that names it.
FAULTS = {
    "f01": ({"netboot_mac": 41135085296, "netboot_ip": "198.51.100.21"}, "quote it"),
    "f02": ({"netboot_mac": "52:54:00:00:00:zz", "netboot_ip": "198.51.100.22"}, "netboot_mac"),
    "f03": ({"netboot_mac": "52:54:00:00:01:03", "netboot_ip": "203.0.113.3"}, "netboot_ip"),
    "f04": ({"netboot_mac": "52:54:00:00:01:04", "netboot_ip": "198.51.100.210"}, "dynamic range"),
    "f05": ({"netboot_mac": "52:54:00:00:00:01", "netboot_ip": "198.51.100.25"}, "pc01"),
    "f06": ({"netboot_mac": "52:54:00:00:01:06", "netboot_ip": "198.51.100.11"}, "pc01"),
    "f07": (
        {
            "netboot_mac": "52:54:00:00:01:07",
            "netboot_ip": "198.51.100.27",
            "netboot_hostname": "no_good",
        },
        "netboot_hostname",
    ),
    "f08": (
        {
            "netboot_mac": "52:54:00:00:01:08",
            "netboot_ip": "198.51.100.28",
            "netboot_image": "../etc",
        },
        "netboot_image",
    ),
    "f09": (
        {
            "netboot_mac": "52:54:00:00:01:09",
            "netboot_ip": "198.51.100.29",
            "netboot_kernel_args": ["quiet\nlabel evil"],
        },
        "netboot_kernel_args",
    ),
    "f10": (
        {
            "netboot_mac": "52:54:00:00:01:10",
            "netboot_ip": "198.51.100.30",
            "netboot_root": "magic",
        },
        "netboot_root",
    ),
}


def test_ten_faults_come_back_in_one_error_and_nothing_was_written(bare: Site) -> None:
    before = bare.files()
    with bare.edited() as hosts:
        for name, (variables, _words) in FAULTS.items():
            hosts["netboot_clients"]["hosts"][name] = variables
    try:
        run = bare.playbook("site.yml", fails=True)
    finally:
        with bare.edited() as hosts:
            for name in FAULTS:
                del hosts["netboot_clients"]["hosts"][name]

    lines = run.output.splitlines()
    for name, (_variables, words) in FAULTS.items():
        assert any(name in line and words in line for line in lines), (name, words, run.output)
    assert run.output.count("fatal:") == 1, "the faults came in more than one error"
    assert bare.files() == before
