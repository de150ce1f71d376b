# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Attributes that every module of this collection answers for."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``diskless.netboot.attributes``: each module adds its own C(support) values."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and says what it would do without changing anything.
  diff_mode:
    description: Returns what it changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: A second run with the same options and nothing else changed reports no change.
  platform:
    description: Target systems on which the module works.
"""
