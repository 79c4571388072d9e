#!/bin/bash
# SPDX-License-Identifier: MIT
# The calls by which Ollama finds its GPUs, without Ollama: in a bed, with one device, three, and none.
# time limit: 600
# variant: KERNEL=uml
# variant: KERNEL=6.1
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../../.. && pwd)
out=$top/build/selftests/clients/ollama-probe
kernel=${KERNEL:-uml}
cuda=$("$top/tools/vm/toolkit.sh") || { echo "Bail out! no CUDA compiler"; exit 1; }

mkdir -p "$out"
{ gcc -O2 -g -Wall -Wextra -Werror -o "$out/probe" probe.c -ldl &&
	"$cuda/bin/nvcc" -std=c++17 -O2 "-L$cuda/lib" -o "$out/backend" backend.cu -L"$top/build/userlib" -lcuda; } >&2 ||
	{ echo "Bail out! the programs do not build"; exit 1; }
case $kernel in
uml) bed="--bed uml" ;;
*) bed="--bed qemu --kernel $kernel" ;;
esac
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --mem 2G --timeout 500 --no-module -- "$PWD/inside.sh" "$out"
