#!/bin/sh
# SPDX-License-Identifier: MIT
# time limit: 1200
# needs: no bed
# libcuda on a device inside the test process, under sanitizers.
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh
out=../../build/selftests/libcuda
XDG_CACHE_HOME=$(mktemp -d) && export XDG_CACHE_HOME && trap 'rm -rf "$XDG_CACHE_HOME"' EXIT

plan 20
if ! make -s all >&2; then
	not_ok "build"
	finish
fi
check "digest, formats, names" "$out/asan/unit"
check "the API" env VGPU_LOG=0 "$out/asan/api"
check "copies" env VGPU_LOG=0 "$out/asan/copies"
check "what ends while it is used" env VGPU_LOG=0 "$out/asan/ends"
check "copies between contexts" env VGPU_LOG=0 "$out/asan/between"
check "many streams, full rings" env VGPU_LOG=0 "$out/asan/many"
check "addresses, memory and mappings" env VGPU_LOG=0 "$out/asan/vmm"
check "the log of errors" env VGPU_LOG=0 "$out/asan/error_log"
check "the log of errors, raced" env VGPU_LOG=0 "$out/tsan/error_log"
check "ended twice at once" env VGPU_LOG=0 "$out/asan/twice"
check "ended twice at once, raced" env VGPU_LOG=0 "$out/tsan/twice"
check "graphs" env VGPU_LOG=0 "$out/asan/graph"
check "damaged fatbins" env VGPU_LOG=0 "$out/asan/images"
check "linking" env VGPU_LOG=0 "$out/asan/link"
check "machine code that is not run" env -u VGPU_LOG -u VGPU_TRACE "$out/asan/skipped"
check "what is not there says so once" env -u VGPU_LOG -u VGPU_TRACE "$out/asan/refused"
check "what kernels print, damaged" env VGPU_LOG=0 "$out/asan/print"
check "64 threads" env VGPU_LOG=0 "$out/tsan/threads" "${ROUNDS:-10}"
check "every symbol is exported, works or refuses" sh -c \
	"'$out/exports' ../../build/userlib/libcuda.so.1 2>/dev/null"
check "every symbol is documented" ./documented.sh
finish
