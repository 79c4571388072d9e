#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh DIR "PROGRAM ARGUMENTS"...: runs the programs inside a bed and joins their TAP into one.
# A program that crashes, bails out, or prints no plan is one more failure.
dir=$1
shift
n=0
for p in "$@"; do
	plan=0
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n - ${line#* - }" ;;
		"not ok "*) n=$((n + 1)); echo "not ok $n - ${line#* - }" ;;
		1..*) plan=1 ;;
		*) echo "# ${line#\# }" ;;
		esac
	done < <(eval "$dir/$p" 2>&1)
	if [ $plan = 0 ]; then
		n=$((n + 1))
		echo "not ok $n - $p ended without a plan"
	fi
done
echo "1..$n"
