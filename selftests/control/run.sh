#!/bin/bash
# SPDX-License-Identifier: MIT
# What an administrator does to devices: failures on request and reset, devices that come and go,
# tracing, vgpu-ctl. Real clients see it all.
# time limit: 1800
# variant: KERNEL=uml
# variant: KERNEL=6.1
# long variant: KERNEL=6.12
# long variant: KERNEL=kasan
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
case $kernel in
uml) bed="--bed uml" ;;
*) bed="--bed qemu --kernel $kernel" ;;
esac
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --mem 2G --timeout 1750 --no-module -- "$PWD/inside.sh" "$@"
