# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Attributes that every module of this collection documents."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``diskless.netboot.attributes``. Each module adds its own ``support`` values.

    A module that changes nothing has them from ``diskless.netboot.attributes.reading``.
    """

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change, without changing it.
  diff_mode:
    description: Returns what it changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: Reports no change if it runs again with the same options and nothing else changed.
  platform:
    description: Target systems on which the module works.
"""

    READING = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The module changes nothing.
  idempotent:
    support: full
"""
