#!/bin/bash
# SPDX-License-Identifier: MIT
# toolkit.sh [cublas|math|newest]: put NVIDIA's compiler, runtime and headers, from their PyPI wheels,
# into the cache, for the selftests. Prints the folder of the CUDA 13 toolkit.
# With "cublas", NVIDIA's cuBLAS of CUDA 13 and 12 too; with "math", cuFFT, cuRAND and cuSPARSE; with "newest", the latest cuBLAS there is.
# They are large. Nothing is installed into the system.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CU13="nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88
	nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
	nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-culibos==13.0.85"
CU12="nvidia-cuda-runtime-cu12==12.8.90 nvidia-cuda-nvrtc-cu12==12.8.93
	nvidia-cuda-nvcc-cu12==12.8.93"
# The one runtime wheel of CUDA 12 with the static library in it.
STATIC12="nvidia-cuda-runtime-cu12==12.9.79 nvidia-cuda-cccl-cu12==12.9.27"
MATH="nvidia-cufft==12.0.0.61 nvidia-curand==10.4.0.35 nvidia-cusparse==12.6.3.3 nvidia-nvjitlink==13.0.88"
FFT11="nvidia-cufft-cu11==10.9.0.58"
CUBLAS="nvidia-cublas==13.1.0.3 nvidia-cublas-cu12==12.8.4.1"

DIR=$CACHE/toolkit
ROOT=$DIR/cu13/nvidia/cu13

# wheels NAME REQUIREMENT...: unpack wheels of exactly these versions into $DIR/NAME
# (one folder a set: pip --target replaces a shared top folder, it does not merge).
wheels()
{
	local name=$1 want
	shift
	want=$(echo "$*" | sha256sum | cut -c1-16)
	stamped "toolkit-$name" "$want" && return
	say "downloading NVIDIA's $name wheels"
	rm -rf "${DIR:?}/$name"
	logged "toolkit-$name" python3 -m pip install --quiet --no-deps \
		--no-compile --disable-pip-version-check --root-user-action=ignore \
		--target "$DIR/$name" "$@"
	stamp "toolkit-$name" "$want"
}

# The wheels carry no development links; nvcc -cudart shared wants libcudart.so.
links()
{
	local so
	for so in "$1"/lib*.so.*; do
		[ -e "$so" ] || continue
		ln -sf "$(basename "$so")" "${so%%.so.*}.so"
	done
}

# CUDA 12's wheels have no nvcc, only parts of it. Its runtime, shared and static, with its
# headers, under CUDA 13's compiler: what that includes of its own is beside them.
tree12()
{
	local set=$DIR/static12 tree=$DIR/static12/tree name
	[ ! -e "$tree/lib64" ] || return 0
	rm -rf "$tree"
	mkdir -p "$tree/include"
	cp -r "$ROOT/bin" "$tree/bin"
	ln -s "$ROOT/nvvm" "$tree/nvvm"
	cp -rs "$set/nvidia/cuda_runtime/include/." "$tree/include/"
	for name in crt fatbinary_section.h; do
		rm -rf "$tree/include/$name"
		ln -s "$ROOT/include/$name" "$tree/include/$name"
	done
	ln -s "$set/nvidia/cuda_cccl/include" "$tree/include/cccl"
	ln -s "$set/nvidia/cuda_runtime/lib" "$tree/lib"
	ln -s lib "$tree/lib64"
}

command -v python3 >/dev/null || die "python3 is missing: run make deps"
take_lock toolkit
# shellcheck disable=SC2086
wheels cu13 $CU13
# shellcheck disable=SC2086
wheels cu12 $CU12
# shellcheck disable=SC2086
wheels static12 $STATIC12
# shellcheck disable=SC2086
if [ "${1:-}" = cublas ]; then wheels cublas $CUBLAS; links "$DIR/cublas/nvidia/cu13/lib"; fi
# shellcheck disable=SC2086
if [ "${1:-}" = math ]; then wheels math $MATH; wheels fft11 $FFT11; fi
if [ "${1:-}" = newest ]; then wheels newest "nvidia-cublas>=13.10"; fi
links "$ROOT/lib"
links "$DIR/cu12/nvidia/cuda_runtime/lib"
links "$DIR/cu12/nvidia/cuda_nvrtc/lib"
links "$DIR/static12/nvidia/cuda_runtime/lib"
[ -e "$ROOT/lib64" ] || ln -s lib "$ROOT/lib64"
tree12
echo "$ROOT"
