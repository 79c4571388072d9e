#!/bin/bash
# SPDX-License-Identifier: MIT
# The faces: PCI device, NVIDIA's nodes and /proc, NVML, vgpu-ctl.
# time limit: 1200
# variant: KERNEL=uml
# variant: KERNEL=6.1
# long variant: KERNEL=6.12
# long variant: KERNEL=kasan
# long variant: KERNEL=kcsan
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
kernel=${KERNEL:-uml}

make -s all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
make -s -C "$top/userlib/libnvidia-ml" >&2 && make -s -C "$top/tools/vgpu-ctl" >&2 ||
	{ echo "Bail out! the library or vgpu-ctl does not build"; exit 1; }

echo "TAP version 13"
# What needs no machine, once.
if [ "$kernel" = uml ]; then
	. ../lib/tap.sh
	check "config space and models on the host, under the sanitizers" make -s check
	check "the documented NVML functions are those that are answered" \
		make -s -C "$top/userlib/libnvidia-ml" check-doc
	first=$TAP_DONE failed=$TAP_FAILED
else
	first=0 failed=0
fi

busy=$("$top/tools/vm/kmod.sh" "$kernel" busy195) || { echo "Bail out! no busy195.ko"; exit 1; }
case $kernel in
uml) bed="--bed uml" ;;
*) bed="--bed qemu --kernel $kernel" ;;
esac
# shellcheck disable=SC2086
"$top/tools/vm/vgpu-vm" $bed --mem 2G --timeout 1100 --no-module -- \
	"$PWD/inside.sh" "$first" "$busy" && [ "$failed" = 0 ]
