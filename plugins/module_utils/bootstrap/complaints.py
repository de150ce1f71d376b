# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explains errors of mmdebstrap: with apt's own messages, and with what to do."""

from __future__ import annotations

import re

# Messages of mmdebstrap that only repeat what apt has said already.
_ECHO = re.compile(r"E: (?:setup failed: |apt-get |mmdebstrap failed|run_|Some index files)")
# The second warning is from apt 3, which uses sqv instead of gpgv.
_TELLING = re.compile(r"E: |W: .*(?:GPG error|OpenPGP signature verification failed)")
_ADVICE = (
    (
        re.compile(r"Release file for .* is expired"),
        "The mirror's list of packages is out of date. For a mirror that is a snapshot of an"
        " earlier day, put [check-valid-until=no] after 'deb' in its line.",
    ),
    (
        re.compile(r"(?:Unable to locate package|has no installation candidate)"),
        "Correct the name in nfsroot_image_packages, or name the mirror or the component that has"
        " the package in nfsroot_image_mirrors.",
    ),
    (
        re.compile(r"NO_PUBKEY|Missing key|is not signed"),
        "Name the file with the mirror's key in nfsroot_image_keyrings.",
    ),
    (
        re.compile(
            r"Could not (?:resolve|connect)|Connection (?:failed|timed out)|Unable to connect"
        ),
        "The boot server cannot reach the mirror. Check its network and its proxy (apt.conf(5),"
        " Acquire::http::Proxy), or name another mirror in nfsroot_image_mirrors.",
    ),
    (re.compile(r"404 +Not Found"), "The mirror does not have this suite or architecture."),
    (
        re.compile(r"No space left on device"),
        "Make room on the boot server: in /tmp, where the system is made, and in"
        " nfsroot_image_base_cache.",
    ),
)


def explain(stderr: str) -> str:
    """Return the lines of *stderr* with the cause, and what to do, if this is known.

    Args:
        stderr: what mmdebstrap and apt(8) printed.
    """
    lines = dict.fromkeys(line.strip() for line in stderr.splitlines())
    telling = [line for line in lines if _TELLING.match(line) and not _ECHO.match(line)]
    said = telling or [line for line in lines if line][-3:]
    advice = [text for words, text in _ADVICE if words.search("\n".join(lines))][:1]
    return "\n".join([*(f"  {line}" for line in said), *advice])
