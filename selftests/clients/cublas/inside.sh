#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh DIR "PROGRAM ARGUMENTS"...: runs the programs inside a bed and joins their TAP into one.
dir=$1
shift
lib=$(dirname "$0")/../../lib
. "$lib/tap.sh"
. "$lib/program.sh"
for p in "$@"; do
	read -ra words <<<"$p"
	tap_program "${words[0]}" "$dir/${words[0]}" "${words[@]:1}"
done
echo "1..$TAP_DONE"
finish
