#!/bin/bash
# SPDX-License-Identifier: MIT
# udev.sh: put Debian's udev into the cache, unpacked and not installed, and print its folder. Fails where Debian
# cannot be reached.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$VM_DIR/apt.sh"

if [ ! -x "$CACHE/udev/bin/udevadm" ]; then
	take_lock udev
	if [ ! -x "$CACHE/udev/bin/udevadm" ]; then
		apt_ready
		unpack "$CACHE/udev" udev
	fi
fi
echo "$CACHE/udev"
