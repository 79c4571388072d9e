#!/bin/bash
# SPDX-License-Identifier: MIT
# Monitoring tools, unmodified, while a CUDA program keeps the device busy: nvtop (its screen is
# captured), nvidia-ml-py, gpustat, nvitop, lspci, scanpci.
# time limit: 900
# variant: KERNEL=uml
# long variant: KERNEL=6.1
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../../.. && pwd)
out=$top/build/selftests/clients/monitors
kernel=${KERNEL:-uml}

tools=$(./fetch.sh) || {
	echo "TAP version 13"; echo "1..1"
	echo "ok 1 - monitoring tools # SKIP they cannot be downloaded"
	exit 0
}
cuda=$("$top/tools/vm/toolkit.sh") || { echo "Bail out! no CUDA compiler"; exit 1; }
mkdir -p "$out"
"$cuda/bin/nvcc" -arch=compute_80 -std=c++17 -O2 "-L$cuda/lib" -o "$out/load" load.cu >&2 ||
	{ echo "Bail out! the load does not build"; exit 1; }
# With the headers of the same version's inside; the library is the system's.
gcc -O2 -w -I"$tools/libpciaccess/src" -o "$out/scanpci" "$tools/libpciaccess/scanpci/scanpci.c" -lpciaccess >&2 ||
	{ echo "Bail out! scanpci does not build"; exit 1; }
case $kernel in
uml) bed="--bed uml" ;;
*) bed="--bed qemu --kernel $kernel" ;;
esac
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --mem 3G --timeout 800 --params "vram=1024" -- \
	"$PWD/inside.sh" "$tools" "$out"
