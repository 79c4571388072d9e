#!/bin/bash
# SPDX-License-Identifier: MIT
# The cache of compiled kernels, under sanitizers; full and read-only disks in a bed.
# time limit: 300
cd "$(dirname "$0")" || exit 1
out=../../build/selftests/cache
n=0

# part NAME COMMAND...: a program's TAP becomes part of ours
part()
{
	local name=$1 plan=0 line
	shift
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n - $name: ${line#* - }" ;;
		"not ok "*) n=$((n + 1)); echo "not ok $n - $name: ${line#* - }" ;;
		1..*) plan=1 ;;
		*) echo "# $line" ;;
		esac
	done < <("$@" 2>&1)
	[ $plan = 1 ] || { n=$((n + 1)); echo "not ok $n - $name: ended without a plan"; }
}

make -s all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
export CUDA_CACHE_MAXSIZE=1048576
CUDA_CACHE_PATH=$(mktemp -d) && export CUDA_CACHE_PATH && trap 'rm -rf "$CUDA_CACHE_PATH"' EXIT
for t in damage bound settings crowd; do
	rm -rf "${CUDA_CACHE_PATH:?}"/*
	part $t timeout 60 "$out/asan" $t
done
rm -rf "${CUDA_CACHE_PATH:?}"/*
part "crowd, tsan" timeout 120 "$out/tsan" crowd
part "vgpu-ctl" ./ctl.sh ../../build/tools/vgpu-ctl/vgpu-ctl
part "disks" ../../tools/vm/vgpu-vm --bed uml --no-module --timeout 60 -- "$PWD/disks.sh" "$PWD/$out/asan"
echo "1..$n"
