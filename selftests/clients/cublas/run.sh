#!/bin/bash
# SPDX-License-Identifier: MIT
# NVIDIA's math libraries, unmodified, from their own packages, in a bed. A part of the shapes
# each time; all of them with make test-long. CUDA=newest: programs built for CUDA 13, with the
# newest cuBLAS that the registry has.
# time limit: 900
# variant: CUDA=13
# variant: CUDA=12
# long variant: CUDA=13 ALL=1
# long variant: CUDA=12 ALL=1
# long variant: CUDA=newest ALL=1
# long variant: CUDA=13 BED=qemu
cd "$(dirname "$0")" || exit 1
top=$(cd ../../.. && pwd)
cuda=${CUDA:-13} bed=${BED:-uml} every=16
[ -z "${ALL:-}" ] || every=1

if ! "$top/tools/vm/toolkit.sh" cublas >/dev/null; then
	echo "1..1"
	echo "ok 1 - cuBLAS # SKIP NVIDIA's packages could not be fetched"
	exit 0
fi
libraries=()
if [ "$cuda" = newest ]; then
	cuda=13
	if ! root=$("$top/tools/vm/toolkit.sh" newest); then
		echo "1..1"
		echo "ok 1 - newest cuBLAS # SKIP NVIDIA's package could not be fetched"
		exit 0
	fi
	libraries=(env "LD_LIBRARY_PATH=$root/../../../newest/nvidia/cu13/lib")
fi
make -s -j2 all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
if [ "$bed" = qemu ]; then		# emulated vectors are slow: a few of each
	set -- "gemm --every 104" "level2 --every 120" "lt --every 96"
else
	set -- "gemm --every $every" "level2 --every $every" "lt --every $every"
fi
exec "$top/tools/vm/vgpu-vm" --bed "$bed" --mem 6G --timeout 850 -- \
	"${libraries[@]}" "$PWD/inside.sh" "$top/build/selftests/clients/cublas/cu$cuda" "$@"
