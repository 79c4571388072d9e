#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh PROGRAMS: in the bed; the programs' TAP becomes one.
out=$1
cd "$(dirname "$0")" || exit 1
. ../../lib/tap.sh
. ../../lib/program.sh

devices() { "$@" | grep "^# device "; }

echo "TAP version 13"
tap_program "no module: probe" "$out/probe" 0
insmod "$VGPU_KO"
tap_program "one device: probe" "$out/probe" 1
tap_program "one device: backend" "$out/backend"
# By the bus id Ollama knows that both mean the same device.
check "both tell the same bus id and name" test "$(devices "$out/probe" 1)" = "$(devices "$out/backend")"
rmmod vgpu
insmod "$VGPU_KO" gpus=3 vram=64
tap_program "three devices: probe" "$out/probe" 3
check "both tell the same, in the same order" test "$(devices "$out/probe" 3)" = "$(devices "$out/backend")"
check "a device chosen by number" test "$(CUDA_VISIBLE_DEVICES=2 devices "$out/backend" | cut -d' ' -f4-)" = \
	"$(devices "$out/probe" 3 | sed -n 3p | cut -d' ' -f4-)"
chmod 0 /dev/nvidia* /dev/vgpu*
tap_program "no permission: probe" setpriv --reuid 65534 --regid 65534 --clear-groups "$out/probe" 0
rmmod vgpu
echo "1..$TAP_DONE"
finish
