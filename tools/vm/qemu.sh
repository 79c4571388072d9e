#!/bin/bash
# SPDX-License-Identifier: MIT
# qemu.sh: print the emulator to boot, and the folders of its firmware, a line each. Up to 8.1 QEMU
# translates code without a lock on its page: where one processor patches the kernel's code while another translates it, a
# breakpoint that is long gone stays and is met (Oops: int3, or a processor that never comes back). Debian 12 has 7.2, so
# the one of its backports is unpacked into the cache, not installed: it asks for the libraries that 7.2 brings.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$VM_DIR/apt.sh"

NAME=qemu-system-x86_64
LEAST=8.1
DIR=$CACHE/qemu

# version PROGRAM: as it says itself, nothing where it does not run.
version() { "$1" --version 2>/dev/null | sed -n 's/.* version \([0-9.]*\).*/\1/p'; }

new_enough()
{
	local found
	found=$(version "$1")
	[ -n "$found" ] && printf '%s\n' "$LEAST" "$found" | sort -CV
}

# With its parts of the same release, and its own firmware.
backport()
{
	local fresh=$DIR.$$ p
	apt_ready
	say "unpacking QEMU from Debian's backports"
	for p in qemu-system-x86 qemu-system-common qemu-system-data seabios; do
		unpack "$fresh" "$p/bookworm-backports"
	done
	rm -rf "$DIR"
	mv "$fresh" "$DIR"
}

if new_enough $NAME; then
	command -v $NAME
	exit
fi
if ! new_enough "$DIR/usr/bin/$NAME"; then
	take_lock qemu
	new_enough "$DIR/usr/bin/$NAME" || (backport) || true
fi
if new_enough "$DIR/usr/bin/$NAME"; then
	printf '%s\n' "$DIR/usr/bin/$NAME" "$DIR/usr/share/seabios" "$DIR/usr/share/qemu"
else
	say "QEMU $(version $NAME) may fail for a reason of its own; no newer one could be had"
	command -v $NAME
fi
