#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh: the programs of $PART inside a bed; joins their TAP into one.
cd "$(dirname "$0")" || exit 1
. ../../lib/tap.sh
. ../../lib/program.sh
how=
if [ "$PART" = cuda12 ]; then
	LD_LIBRARY_PATH=$NLC_CUDA12 NLC_RUNTIME=libcudart.so.12
else
	LD_LIBRARY_PATH=$NLC_CUDA13 NLC_RUNTIME=libcudart.so.13
fi
export LD_LIBRARY_PATH NLC_RUNTIME

# with NAME VARIABLE=VALUE COMMAND...
with()
{
	local -x "${2?}"
	how="$1: "
	"${@:3}"
	how=
}

# program NAME PROGRAM ARGUMENT...
program()
{
	local name=$1
	shift
	tap_program "$how$name" "$NLC_NODE" "$@"
}

. ./parts.sh
"part_$PART"
echo "1..$TAP_DONE"
finish
