#!/bin/bash
# SPDX-License-Identifier: MIT
# card.sh: these programs on a real card, with its own driver. What they expect of vgpu must be what a
# card does. Left out: what vgpu refuses (texture), and two devices (peer) where there is one card.
# Needs nvcc on the PATH; ARCH is the card's, sm_90 unless given.
set -eu
cd "$(dirname "$0")"
out=../../build/selftests/cuda/card
mkdir -p $out
programs=()
for source in *.cu; do
	name=${source%.cu}
	[ "$name" = texture ] && continue
	[ "$name" = peer ] && [ "$(nvidia-smi -L | wc -l)" -lt 2 ] && continue
	nvcc -std=c++17 -O2 -arch="${ARCH:-sm_90}" -o $out/"$name" "$source" &
	programs+=(card/"$name")
done
for part in one two; do
	nvcc -std=c++17 -O2 -arch="${ARCH:-sm_90}" -rdc=true -ptx -o $out/$part.ptx parts/$part.cu &
done
nvcc -std=c++17 -O2 -arch="${ARCH:-sm_90}" -rdc=true -DPARTS="\"$out\"" -o $out/parts parts/*.cu &
programs+=(card/parts)
wait
# The heap of a card's kernels takes a minute for what heap.cu asks of it.
export CUDA_TEST_LIMIT=${CUDA_TEST_LIMIT:-200}
exec ./inside.sh ../../build/selftests/cuda "${programs[@]}"
