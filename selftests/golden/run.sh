#!/bin/bash
# SPDX-License-Identifier: MIT
# Every instruction form, on the device in a bed, against what an H200 and an H100 gave.
# HANDLERS names the handler sets to run (default: the best one; "all" for each).
# known.txt names the forms that are known to differ, and why; they count as
# skipped, and as a failure where one of them has come to agree.
# time limit: 900
# long variant: HANDLERS=all
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
out=$top/build/selftests/golden
sets=${HANDLERS:-auto}
[ "$sets" = all ] && sets="avx512fp16 avx512 avx2 portable"
status=0
n=0

result()	# ok|not ok, text
{
	n=$((n + 1))
	if grep -qxF -- "${2#*: }" known.txt; then
		if [ "$1" = ok ]; then
			set -- "not ok" "$2: agrees now, take it out of known.txt"
		else
			echo "not ok $n - $2 # TODO differs from hardware, see known.txt"
			return
		fi
	fi
	[ "$1" = ok ] || status=1
	echo "$1 $n - $2"
}

# check SET RUNNER PTX GOLDEN: joins one runner's TAP into ours
check()
{
	local line plan=0
	while IFS= read -r line; do
		case $line in
		"ok "*) result ok "$1: ${line#* - }" ;;
		"not ok "*) result "not ok" "$1: ${line#* - }" ;;
		1..*) plan=1 ;;
		*) echo "$line" ;;
		esac
	done < <("$top/tools/vm/vgpu-vm" --bed uml --params "isa=$1" -- "$out/$2" check "$out/$3" "$out/$4")
	[ $plan = 1 ] || result "not ok" "$1: $2 ended without a plan"
}

make -s all >&2 || { echo "Bail out! the runners do not build"; exit 1; }
for f in golden warp tensor; do
	xz -dc $f.xz > "$out/$f.bin" || { echo "Bail out! no golden values"; exit 1; }
done
for set in $sets; do
	check "$set" golden forms.ptx golden.bin
	check "$set" warp warp_forms.ptx warp.bin
	check "$set" tensor tensor_forms.ptx tensor.bin
done
echo "1..$n"
exit $status
