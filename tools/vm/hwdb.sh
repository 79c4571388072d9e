#!/bin/bash
# SPDX-License-Identifier: MIT
# hwdb.sh: compile the names of tools/package/60-vgpu.hwdb, as udev does where the package is installed, and
# print the file: a machine that has it as /etc/udev/hwdb.bin names the devices in lspci. Debian's compiler is
# unpacked into the cache where the system has none.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SOURCE=$TOP_DIR/tools/package/60-vgpu.hwdb
ROOT=$TOP_DIR/build/vm/hwdb
OUT=$ROOT/etc/udev/hwdb.bin

compiler()
{
	command -v systemd-hwdb && return
	echo "$("$VM_DIR/udev.sh")/bin/systemd-hwdb"
}

if [ ! -s "$OUT" ] || [ "$SOURCE" -nt "$OUT" ]; then
	hwdb=$(compiler)
	fresh=$(mktemp -d)
	install -D -m 644 "$SOURCE" "$fresh/etc/udev/hwdb.d/60-vgpu.hwdb"
	logged hwdb "$hwdb" update --strict --root="$fresh"
	install -D -m 644 "$fresh/etc/udev/hwdb.bin" "$OUT.$$"
	mv "$OUT.$$" "$OUT"
	rm -rf "$fresh"
fi
echo "$OUT"
