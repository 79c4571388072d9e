#!/bin/bash
# SPDX-License-Identifier: MIT
# NVIDIA's cuRAND, cuSPARSE and cuFFT, unmodified, from their own packages, in a bed.
# time limit: 600
# variant: BED=uml
# long variant: BED=qemu KERNEL=6.1
cd "$(dirname "$0")" || exit 1
top=$(cd ../../.. && pwd)

if ! "$top/tools/vm/toolkit.sh" math >/dev/null; then
	echo "1..1"
	echo "ok 1 - cuRAND, cuSPARSE, cuFFT # SKIP NVIDIA's packages could not be fetched"
	exit 0
fi
make -s all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
exec "$top/tools/vm/vgpu-vm" --bed "${BED:-uml}" ${KERNEL:+--kernel "$KERNEL"} --mem 4G --timeout 550 -- \
	"$top/selftests/clients/cublas/inside.sh" "$top/build/selftests/clients/math" rand sparse fft fft13
