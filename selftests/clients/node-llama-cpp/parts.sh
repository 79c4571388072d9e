# SPDX-License-Identifier: MIT
# Sourced by run.sh (on the host, for what the CPU says) and inside.sh (in a bed, for what the
# device says): the programs that each PART runs. WHAT is "write" or "compare".
# shellcheck shell=bash

f16=kdoc-6m-f16.gguf
q8_0=kdoc-6m-q8_0.gguf
q4_0=kdoc-6m-q4_0.gguf

# numbers MODEL LONG-PROMPTS: longer prompts and embeddings
numbers()
{
	program "long prompts" long.mjs "$WHAT" "$REF/long-$1" "$1" "$2"
	program "embeddings" embed.mjs "$WHAT" "$REF/embed-$1" "$1"
}

# forced MODEL COUNT: teacher-forced logits over other text
forced()
{
	program "logits" logits.mjs "$WHAT" "$REF/logits-$2-$(basename "$1")" "$1" "$REF/text" "$2"
}

only_device() { [ "$WHAT" = compare ]; }

part_short()
{
	if only_device; then
		program "words" words.mjs 2 $f16 $q8_0 $q4_0
		program "reload" reload.mjs 3 $q8_0
	fi
	numbers $q8_0 1
	forced $q4_0 200
}

part_words()
{
	only_device || return 0
	program "words" words.mjs 24 $f16 $q8_0 $q4_0
	with "no flash attention" NLC_FA=off program "words" words.mjs 8 $f16 $q8_0 $q4_0
	with "no CUDA graphs" GGML_CUDA_DISABLE_GRAPHS=1 program "words" words.mjs 8 $f16 $q8_0 $q4_0
	program "reload" reload.mjs 20 $q4_0
}

part_numbers()
{
	local m
	for m in $f16 $q8_0 $q4_0; do
		numbers $m 4
		forced $m 2000
	done
	with "no flash attention" NLC_FA=off forced $q8_0 600
}

part_large() { forced "$REF/random-150m-q4_0.gguf" 200; }

# One model over two devices, layer by layer.
part_two()
{
	only_device || return 0
	with "two devices" NLC_DEVICES=2 program "words" words.mjs 2 $f16 $q8_0 $q4_0
}

# The same with the package's binary for CUDA 12.
part_cuda12()
{
	if only_device; then program "words" words.mjs 6 $f16 $q8_0 $q4_0; fi
	forced $q8_0 600
}

# Emulated vectors are slow: a few words.
part_qemu()
{
	if only_device; then with "the beginning" NLC_LENGTH=16 program "words" words.mjs 1 $f16 $q8_0 $q4_0; fi
}
