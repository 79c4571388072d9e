#!/bin/bash
# SPDX-License-Identifier: MIT
# vgpu_drm.ko: render nodes, their memory shared with processes and with vgem, fences, fdinfo; the order of
# loading and unloading; a device that goes while its node is open.
# time limit: 1200
# long time limit: 5400
# variant: KERNEL=uml
# variant: KERNEL=6.1
# variant beside: KERNEL=kasan PART=chosen
# long variant: KERNEL=6.12
# long variant: KERNEL=kasan
# long variant: KERNEL=kcsan PART=chosen
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
kernel=${KERNEL:-uml}
export KSELFTEST_DIR=${KSELFTEST_DIR:-$("$top/tools/vm/kernels.sh" uml)/source/tools/testing/selftests}

make -s all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
make -s -C ../control >&2 || { echo "Bail out! the client does not build"; exit 1; }
make -s -C "$top/tools/vgpu-ctl" >&2 || { echo "Bail out! vgpu-ctl does not build"; exit 1; }
export KERNEL_DIR KO_DIR TOOLS NVTOP
# What comes from Debian, where that can be reached.
TOOLS=$(./fetch.sh 2>/dev/null)/tools/usr/bin
NVTOP=$(../clients/monitors/fetch.sh 2>/dev/null)/nvtop/usr/bin/nvtop
KERNEL_DIR=$("$top/tools/vm/kernels.sh" "$kernel") || { echo "Bail out! no kernel"; exit 1; }
ko=$("$top/tools/vm/kmod.sh" "$kernel") || { echo "Bail out! no module"; exit 1; }
KO_DIR=${ko%/*}
bed="--bed qemu --kernel $kernel"
[ "$kernel" != uml ] || bed="--bed uml"
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --timeout $((${VGPU_TEST_LIMIT:-5400} - 100)) --mem 2G --no-module -- \
	"$PWD/inside.sh" "$top/build/selftests/drm"
