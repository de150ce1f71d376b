# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What boot loaders read for each client: checked entries, and the loaders' texts of them."""
