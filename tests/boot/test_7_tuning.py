# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What client_tuning promises of a PC, looked at from inside one that has all of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import TUNED
from ansible_collections.diskless.netboot.tests.boot.site import OUTPUT, Running, Site
from ansible_collections.diskless.netboot.tests.lab import network
from ansible_collections.diskless.netboot.tests.lab.shell import run

SERVER = network.SERVER_ADDRESS
TIME = [SERVER, "198.51.100.2"]
HOMES = "/srv/homes"
TUNING: dict[str, object] = {
    "client_tuning_mounts": [{"src": f"{SERVER}:{HOMES}", "path": "/home", "options": "vers=3"}],
    "client_tuning_autofs": [
        {
            "path": "/demand",
            "entries": [{"key": "*", "options": "vers=3", "location": f"{SERVER}:{HOMES}/&"}],
        }
    ],
    "client_tuning_spread_timers": ["systemd-tmpfiles-clean.timer"],
    # The last two would take over the NIC that carries the root, or end it when a PC goes off.
    "nfsroot_image_packages": ["cron", "ifupdown", "network-manager", "podman", "rsync"],
}


@pytest.fixture(scope="module")
def tuned(site: Site) -> Site:
    """An image with everything, homes on the boot server, and a log server."""
    site.on_server(f"mkdir -p {HOMES}/ada; echo mine > {HOMES}/ada/note")
    x11 = "/srv/netboot/images/bookworm/root/etc/X11"
    site.on_server(f"mkdir -p {x11}; echo '# for one card' > {x11}/xorg.conf")
    with site.edited() as hosts:
        hosts["log_servers"] = {"hosts": {"boot1": None}}
        hosts["nfs_servers"]["hosts"]["boot1"]["nfs_server_further_exports"] = [
            {
                "path": HOMES,
                "clients": [
                    {
                        "address": "198.51.100.0/24",
                        "options": ["rw", "root_squash", "no_subtree_check", "sync", "sec=sys"],
                    }
                ],
            }
        ]
        hosts["netboot_images"]["hosts"]["bookworm"].update(TUNING)
    subnet, *others = site.variable("all", "netboot_subnets")
    site.edit("all", netboot_subnets=[{**subnet, "ntp_servers": TIME}, *others])
    site.playbook("site.yml")
    return site


@pytest.fixture(scope="module")
def running(tuned: Site) -> Iterator[Running]:
    """The PC, switched on."""
    with tuned.boots(TUNED, OUTPUT / "tuning") as running:
        yield running


def test_all_came_up_and_a_second_run_changes_nothing(tuned: Site, running: Running) -> None:
    assert running.run("systemctl --failed --plain --quiet --no-legend") == ""
    assert tuned.playbook("site.yml").changed == 0


def test_network_services_run_and_leave_the_nic_of_the_root_alone(running: Running) -> None:
    services = "systemctl is-active NetworkManager networking"
    nic = "echo /run/net-*.conf"
    states = "nmcli --terse --fields DEVICE,STATE device; cat /run/network/ifstate"
    active, note, said = (running.run(look) for look in (services, nic, states))
    assert active == "active\nactive"
    name = note.removeprefix("/run/net-").removesuffix(".conf")
    assert f"{name}:unmanaged" in said.splitlines()
    assert said.splitlines()[-1] == "lo=lo"


def test_no_pc_has_the_configuration_of_another_s_card(running: Running) -> None:
    assert running.run("ls -d /etc/X11/xorg*") == "/etc/X11/xorg.conf.of-one-card"


def test_homes_are_there_at_boot(running: Running) -> None:
    assert running.run("findmnt -no SOURCE /home; cat /home/ada/note") == (
        f"{SERVER}:{HOMES}\nmine"
    )


def test_what_is_mounted_on_demand_is_there_when_somebody_goes_there(running: Running) -> None:
    assert running.run("cat /demand/ada/note; findmnt -no SOURCE /demand/ada") == (
        f"mine\n{SERVER}:{HOMES}/ada"
    )


def test_what_is_kept_in_ram_has_a_limit(running: Running) -> None:
    look = "grep MemTotal /proc/meminfo; findmnt -bno SIZE /tmp; findmnt -bno SIZE /var/tmp"
    _name, kilobytes, _unit, *sizes = running.run(look).split()
    for size in sizes:
        assert int(size) == pytest.approx(int(kilobytes) * 1024 / 4, rel=0.01)
    assert len(sizes) == 2


def test_containers_run_as_root_and_as_a_user(running: Running) -> None:
    packed = (
        "cd $(mktemp -d); for file in /bin/busybox $(ldd /bin/busybox | grep -o '/[^ ]*'); do"
        " mkdir -p .${file%/*}; cp $file .$file; done; tar -c . > /tmp/box.tar"
    )
    container = (
        "podman import --quiet /tmp/box.tar box >/dev/null &&"
        " podman run --rm --network none box /bin/busybox sh -c"
        " 'busybox rm /bin/busybox; echo ran > /new; read said < /new; echo $said'"
    )
    running.run(packed)
    running.run("useradd --uid 1235 -m -d /var/eve eve && loginctl enable-linger eve")
    driver = "podman info --format '{{.Store.GraphDriverName}}'"
    for_her = "export XDG_RUNTIME_DIR=/run/user/1235;"
    for before, shell in (("cd /;", "sh"), (f"cd /; {for_her}", "su eve")):
        script = f"{before} {container} && {driver}"
        said = running.run(f"{shell} -c {shlex.quote(script)}")
        assert said.split() == ["ran", "overlay"], shell


def test_swap_is_compressed_ram(running: Running) -> None:
    name, kind, size, *_rest = running.run("swapon --noheadings --bytes --show").split()
    assert (name, kind) == ("/dev/zram0", "partition")
    assert 400 << 20 < int(size) < 600 << 20, "not half of a PC's 1 GiB"
    waiting = running.run("systemctl show --property=Before --value dev-zram0.swap").split()
    assert waiting == ["umount.target"], "what comes after local file systems waits for it"


def test_swap_to_a_file_of_its_own_comes_and_goes(tuned: Site, running: Running) -> None:
    made = "SWAP_FILE=/var/swap/netboot.swap SWAP_MEGABYTES=64"
    swap = f"{made} /usr/lib/netboot/swap-file"
    assert "loop" in running.run(f"{swap} start; swapon --noheadings --show=NAME")
    assert "loop" not in running.run(f"{swap} stop; swapon --noheadings --show=NAME")
    assert tuned.on_server("stat -c %s /srv/netboot/clients/pc81/state/keep-var,swap/*") == (
        f"{64 << 20}\n"
    )


def test_names_are_looked_up_where_dhcp_said(running: Running) -> None:
    assert running.run("cat /etc/resolv.conf").splitlines() == [
        "search demo.example",
        f"nameserver {SERVER}",
    ]


def test_its_time_is_from_where_dhcp_says(running: Running) -> None:
    ask = "timedatectl show-timesync --property=SystemNTPServers --value"
    assert running.run(ask) == " ".join(TIME)


def test_what_it_logs_is_in_its_own_file_on_the_log_server(tuned: Site, running: Running) -> None:
    running.run("logger -t test 'a line from pc81'")
    log = "/var/log/netboot/pc81.log"
    tuned.on_server(f"timeout 60 sh -c 'until grep -q \"a line from pc81\" {log}; do :; done'")
    # Somebody who is no client is not heard, whoever he says that he is.
    line = "'<13>Nov 24 12:00:00 pc81 test: a lie'"
    speak = ["bash", "-c", f"echo {line} > /dev/tcp/{SERVER}/514"]
    run(["ip", "netns", "exec", tuned.lab.namespace, *speak])
    running.run("logger -t test 'after the lie'")
    tuned.on_server(f"timeout 60 sh -c 'until grep -q \"after the lie\" {log}; do :; done'")
    assert tuned.on_server("grep -rl 'a lie' /var/log/netboot || true") == ""


def test_a_browser_s_lock_goes_where_its_browser_died_with_this_pc(
    tuned: Site, running: Running
) -> None:
    home = f"{HOMES}/ada/.config"
    held = {"mine": "pc81-99999", "open": "pc81-1", "elsewhere": "pc99-99999"}
    for browser, holder in held.items():
        tuned.on_server(f"mkdir -p {home}/{browser}; ln -s {holder} {home}/{browser}/SingletonLock")
    tuned.on_server(f"chown -R 1234 {HOMES}/ada")
    as_her = "setpriv --reuid 1234 --clear-groups env HOME=/home/ada /usr/lib/netboot/stale-locks"
    assert "mine" in running.run(f"{as_her} user")
    left = running.run("cd /home/ada/.config; ls -d */SingletonLock")
    assert left.split() == ["elsewhere/SingletonLock", "open/SingletonLock"]
    assert running.run("systemctl --global is-enabled netboot-stale-locks-user") == "enabled"


def test_nothing_is_done_by_all_pcs_at_the_same_moment(running: Running) -> None:
    masked = "systemctl is-enabled apt-daily.timer man-db.timer anacron.timer || true"
    assert set(running.run(masked).split()) == {"masked"}
    shown = running.run(
        "systemctl show -p RandomizedDelayUSec -p FixedRandomDelay systemd-tmpfiles-clean.timer"
    )
    assert sorted(shown.splitlines()) == ["FixedRandomDelay=yes", "RandomizedDelayUSec=1h"]
    jobs = running.run("grep -c '/usr/lib/netboot/spread 60 && .*run-parts.*daily' /etc/crontab")
    assert jobs == "1"
    # The moment is its machine-id's, which no other PC has; 'sleep' tells which.
    told = "mkdir /run/told; ln -s /bin/echo /run/told/sleep; cat /etc/machine-id"
    spread = "PATH=/run/told:$PATH /usr/lib/netboot/spread 60"
    machine_id, seconds = running.run(f"{told}; {spread}").split()
    assert int(seconds) == int(machine_id[:7], 16) % 3600


def test_it_switches_itself_off_within_twenty_seconds(running: Running) -> None:
    running.run("cat /demand/ada/note")
    running.switch_off(20)
