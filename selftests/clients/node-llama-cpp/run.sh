#!/bin/bash
# SPDX-License-Identifier: MIT
# node-llama-cpp as published, on the device of a bed, against what its CPU backend says.
# time limit: 1500
# long time limit: 3000
# variant: BED=uml PART=short
# long variant: BED=uml PART=words
# long variant: BED=uml PART=numbers
# long variant: BED=uml PART=large
# variant: BED=uml PART=two
# long variant: BED=uml PART=cuda12
# long variant: BED=qemu KERNEL=6.1 PART=qemu
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../../.. && pwd)
export PART=${PART:-short} NLC_MODELS=$PWD/../models

mkdir -p "$top/build/selftests"
if ! settings=$(./install.sh 2>"$top/build/selftests/nlc-install.log"); then
	echo "ok 1 - node-llama-cpp # SKIP $(tail -1 "$top/build/selftests/nlc-install.log")"
	echo "1..1"
	exit 0
fi
set -a
eval "$settings"
set +a
REF=$(mktemp -d) && export REF && trap 'rm -rf "$REF"' EXIT

# What the model has been trained on, which backends agree on; prompts.json is not taken from it alone.
cat "${VGPU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vgpu}"/src/linux-source-7*/Documentation/process/{coding-style,submitting-patches}.rst >"$REF/text"
if [ "$PART" = large ]; then
	../models/random_model.py "$NLC_MODELS/kdoc-6m-q4_0.gguf" "$REF/random-150m-q4_0.gguf" q4_0 || exit 1
fi

# The reference: the package's CPU backend, here and natively.
program()
{
	shift
	NLC_GPU=cpu NLC_THREADS=$(nproc) "$NLC_NODE" "$@" >"$REF/log" 2>&1 || { cat "$REF/log" >&2; return 1; }
}
with() { shift 2; "$@"; }
export WHAT=write VGPU_CTL=$top/build/tools/vgpu-ctl/vgpu-ctl
. ./parts.sh
"part_$PART" || { echo "Bail out! no reference"; exit 1; }

params=
[ "$PART" = two ] && params="gpus=2"
bed=("$top/tools/vm/vgpu-vm" --bed "${BED:-uml}" ${KERNEL:+--kernel "$KERNEL"} --mem 4G --params "$params" --timeout $((${VGPU_TEST_LIMIT:-3000} - 200)))
WHAT=compare "${bed[@]}" -- "$PWD/inside.sh"
