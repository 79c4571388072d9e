#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh: the programs of $PART inside a bed; joins their TAP into one.
cd "$(dirname "$0")" || exit 1
n=0
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
	local name=$1 plan=0 line
	shift
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n - $how${line#* - }" ;;
		"not ok "*) n=$((n + 1)); echo "not ok $n - $how${line#* - }" ;;
		1..*) plan=1 ;;
		"#"*) echo "$line" ;;
		*) echo "# $name: $line" ;;
		esac
	done < <("$NLC_NODE" "$@" 2>&1)
	[ $plan = 1 ] || { n=$((n + 1)); echo "not ok $n - $how$name: ended without a plan"; }
}

. ./parts.sh
"part_$PART"
echo "1..$n"
