#!/bin/bash
# SPDX-License-Identifier: MIT
# llama_inside.sh MODEL...: inside a bed: node-llama-cpp's first token, without and with compiled
# kernels on disk, and its tokens a second. Prints "name value unit".
cd "$(dirname "$0")/../../selftests/clients/node-llama-cpp" || exit 1
export LD_LIBRARY_PATH=$NLC_CUDA13 CUDA_CACHE_PATH=/tmp/bench-cache VGPU_TRACE=/tmp/bench-trace

# first NAME: seconds from the program's start to its first token, and of those in the compiler
first()
{
	rm -f "$VGPU_TRACE"
	"$NLC_NODE" first.mjs kdoc-6m-q4_0.gguf >/tmp/bench-out 2>&1
	sed -n "s/^# backend after \(.*\) s$/$1_backend_s \1 s/p; s/^# first token after \(.*\) s$/$1_first_token_s \1 s/p" /tmp/bench-out
	awk -v name="$1" '/^vgpu: +(compiled|cached) / { k++; us += $(NF - 1) }
		END { printf "%s_kernels %d\n%s_compile_ms %.1f ms\n", name, k, name, us / 1000 }' "$VGPU_TRACE"
}

first fresh		# the machine reads hundreds of MB of libraries, too
rm -rf "$CUDA_CACHE_PATH"
first cold
first warm
unset VGPU_TRACE
for model in "$@"; do
	name=$(basename "$model" .gguf | tr -c '[:alnum:]\n' _)
	"$NLC_NODE" speed.mjs "device_$name" "$model" | grep -E '^device'
done
