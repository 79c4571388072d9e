#!/bin/bash
# SPDX-License-Identifier: MIT
# What an administrator does to devices: failures on request and reset, devices that come and go,
# tracing, vgpu-ctl. Real clients see it all.
# time limit: 1500
# long time limit: 5400
# variant: KERNEL=uml
# variant: KERNEL=6.1 PART=chosen
# long variant: KERNEL=6.1
# long variant: KERNEL=6.12
# long variant: KERNEL=kasan
# long variant: KERNEL=kcsan
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
kernel=${KERNEL:-uml}

make -s all >&2 || { echo "Bail out! the client does not build"; exit 1; }
make -s -C "$top/tools/vgpu-ctl" >&2 || { echo "Bail out! vgpu-ctl does not build"; exit 1; }
export KERNEL_DIR
KERNEL_DIR=$("$top/tools/vm/kernels.sh" "$kernel") || { echo "Bail out! no kernel"; exit 1; }
ko=$("$top/tools/vm/kmod.sh" "$kernel") || { echo "Bail out! no module"; exit 1; }
export CONFIGFS_KO=${ko%/*}/vgpu_configfs.ko
bed="--bed qemu --kernel $kernel"
[ "$kernel" != uml ] || bed="--bed uml"
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --timeout $((${VGPU_TEST_LIMIT:-5400} - 100)) --mem 2G --no-module -- "$PWD/inside.sh" "$@"
