#!/bin/sh
# SPDX-License-Identifier: MIT
# show.sh PROGRAM [ARG…]: what make run shows on a machine with vgpu.ko in it: the device
# as PCI and vgpu-ctl see it, and one CUDA program with its time.
top=$(cd "$(dirname "$0")/../.." && pwd)

echo "$ lspci"
lspci -nn -d 10de: || exit
echo
echo "$ vgpu-ctl status"
"$top/build/tools/vgpu-ctl/vgpu-ctl" status || exit
echo
echo "$ time $*"
start=$(date +%s%N)
"$@"
status=$?
end=$(date +%s%N)
echo "exit status $status after $(((end - start) / 1000000)) ms"
exit $status
