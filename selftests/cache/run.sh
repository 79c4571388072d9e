#!/bin/bash
# SPDX-License-Identifier: MIT
# The cache of compiled kernels, under sanitizers; full and read-only disks in a bed.
# time limit: 300
cd "$(dirname "$0")" || exit 1
out=../../build/selftests/cache
. ../lib/tap.sh
. ../lib/program.sh

make -s all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
export CUDA_CACHE_MAXSIZE=1048576
export TSAN_OPTIONS=halt_on_error=1	# a child that is killed would not tell
CUDA_CACHE_PATH=$(mktemp -d) && export CUDA_CACHE_PATH && trap 'rm -rf "$CUDA_CACHE_PATH"' EXIT
for t in damage bound sum locked small settings crowd; do
	rm -rf "${CUDA_CACHE_PATH:?}"/*
	TAP_LIMIT=60 tap_program $t "$out/asan" $t
done
rm -rf "${CUDA_CACHE_PATH:?}"/*
TAP_LIMIT=120 tap_program "crowd, tsan" "$out/tsan" crowd
tap_program "key" ./key.sh
tap_program "vgpu-ctl" ./ctl.sh ../../build/tools/vgpu-ctl/vgpu-ctl
tap_program "disks" ../../tools/vm/vgpu-vm --bed uml --no-module --timeout 60 -- "$PWD/disks.sh" "$PWD/$out/asan"
echo "1..$TAP_DONE"
finish
