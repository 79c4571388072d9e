#!/bin/bash
# SPDX-License-Identifier: MIT
# Kernels of published libraries compile, and the engine's verifier accepts the code: every
# EVERYth one of them. A library that no registry brings is skipped with the reason.
# time limit: 900
# long time limit: 3000
# variant: EVERY=97
# long variant: EVERY=1
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
kit=${VGPU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vgpu}/toolkit
out=$top/build/selftests/libraries
every=${EVERY:-97} n=0 bad=0
mkdir -p "$out"
make -s -C "$top/tools/vgpu-ptxc" >&2 || { echo "Bail out! vgpu-ptxc does not build"; exit 1; }

skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# "compute_75: 143 modules, 6731 kernels, 6731 compiled, 0 failed; median ...": what is not so
# is a failure; nothing at all is one, too.
judge()
{
	awk -v every="$every" '
	/^compute_/ {
		sets++; kernels += $4; bad += $4 != $6 || $8 != 0
		if (every == 1 && $4 && $11 > 10) { print "slow: " $0; bad++ }
	}
	END { if (!sets || !kernels) print "nothing compiled"; exit bad || !sets || !kernels }' "$1"
}

check()
{
	local name=$1 lib=$2 log
	log=$out/$(echo "$name" | tr ' /' '--').log
	[ -e "$lib" ] || { skip "$name" "the package has no $(basename "$lib")"; return; }
	n=$((n + 1))
	if "$top/build/tools/vgpu-ptxc" "$lib" --check --every "$every" >"$log" 2>&1 && judge "$log" >&2; then
		echo "ok $n - $name"
	else
		sed 's/^/# /' "$log" | tail -40
		echo "not ok $n - $name"
		bad=1
	fi
	grep '^compute_' "$log" | sed 's/^/# /'
}

if settings=$(../clients/node-llama-cpp/install.sh 2>"$out/npm.log"); then
	modules=$(sed -n 's/^NLC_MODULES=//p' <<<"$settings")/@node-llama-cpp
	check "llama.cpp for CUDA 13" "$modules/linux-x64-cuda/bins/linux-x64-cuda/libggml-cuda.so"
	check "llama.cpp for CUDA 12" "$modules/linux-x64-cuda-ext/bins/linux-x64-cuda/fallback/libggml-cuda.so"
else
	skip "llama.cpp" "$(tail -1 "$out/npm.log")"
fi
for set in cublas math newest; do
	# the newest cuBLAS is large, and looked at when there is time
	[ "$set" = newest ] && [ "$every" != 1 ] && continue
	if ! "$top/tools/vm/toolkit.sh" "$set" >/dev/null 2>"$out/$set.log"; then
		skip "$set" "$(tail -1 "$out/$set.log")"
		continue
	fi
	case $set in
	math)
		check "cuSPARSE" "$kit/math/nvidia/cu13/lib/libcusparse.so.12"
		check "cuRAND" "$kit/math/nvidia/cu13/lib/libcurand.so.10"
		;;
	*)
		check "cuBLAS 13, $set" "$kit/$set/nvidia/cu13/lib/libcublas.so.13"
		check "cuBLASLt 13, $set" "$kit/$set/nvidia/cu13/lib/libcublasLt.so.13"
		[ "$set" = newest ] || check "cuBLAS 12" "$kit/$set/nvidia/cublas/lib/libcublas.so.12"
		[ "$set" = newest ] || check "cuBLASLt 12" "$kit/$set/nvidia/cublas/lib/libcublasLt.so.12"
		;;
	esac
done
echo "1..$n"
exit $bad
