#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh PROGRAMS: in the bed; the programs' TAP becomes one.
out=$1
cd "$(dirname "$0")" || exit 1
. ../../lib/tap.sh

program()	# NAME COMMAND...
{
	local name=$1 line ended=0
	shift
	while IFS= read -r line; do
		case $line in
		"ok "*) ok "$name: ${line#* - }" ;;
		"not ok "*) not_ok "$name: ${line#* - }" ;;
		1..*) ended=1 ;;
		*) echo "# $name: ${line#\# }" ;;
		esac
	done < <("$@" 2>&1)
	[ $ended = 1 ] || not_ok "$name: ended without a plan"
}

devices() { "$@" | grep "^# device "; }

echo "TAP version 13"
program "no module: probe" "$out/probe" 0
insmod "$VGPU_KO"
program "one device: probe" "$out/probe" 1
program "one device: backend" "$out/backend"
# By the bus id Ollama knows that both mean the same device.
check "both tell the same bus id and name" test "$(devices "$out/probe" 1)" = "$(devices "$out/backend")"
rmmod vgpu
insmod "$VGPU_KO" gpus=3 vram=64
program "three devices: probe" "$out/probe" 3
check "both tell the same, in the same order" test "$(devices "$out/probe" 3)" = "$(devices "$out/backend")"
check "a device chosen by number" test "$(CUDA_VISIBLE_DEVICES=2 devices "$out/backend" | cut -d' ' -f4-)" = \
	"$(devices "$out/probe" 3 | sed -n 3p | cut -d' ' -f4-)"
chmod 0 /dev/nvidia* /dev/vgpu*
program "no permission: probe" setpriv --reuid 65534 --regid 65534 --clear-groups "$out/probe" 0
rmmod vgpu
echo "1..$TAP_DONE"
finish
