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
[ "$sets" = all ] && sets="avx512fp16 avx512vnni avx512 avx2 portable"
. ../lib/tap.sh
. ../lib/program.sh

# What tap_program tells: a form that is known to differ is no news, and one that has come to agree is.
known() { grep -qxF -- "${1#*: }" known.txt; }
result() { TAP_DONE=$((TAP_DONE + 1)); echo "$1 $TAP_DONE - $2"; }
not_ok()
{
	if known "$1"; then
		result "not ok" "$1 # TODO differs from hardware, see known.txt"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		result "not ok" "$1"
	fi
}
ok()
{
	if known "$1"; then
		not_ok "$1: agrees now, take it out of known.txt"
	else
		result ok "$1"
	fi
}

# compare SET RUNNER PTX GOLDEN
compare()
{
	tap_program "$1" "$top/tools/vm/vgpu-vm" --bed uml --params "isa=$1" -- "$out/$2" check "$out/$3" "$out/$4"
}

# runs SET: whether this CPU can; a machine that fails otherwise is told of by the comparison.
runs()
{
	[ "$1" = auto ] ||
		! "$top/tools/vm/vgpu-vm" --bed uml --params "isa=$1" -- true 2>&1 | grep -q "isa=$1 is a handler set that this CPU cannot run"
}

make -s all >&2 || { echo "Bail out! the runners do not build"; exit 1; }
for f in golden warp tensor; do
	xz -dc $f.xz > "$out/$f.bin" || { echo "Bail out! no golden values"; exit 1; }
done
for set in $sets; do
	runs "$set" || { skip "$set" "not this CPU's"; continue; }
	compare "$set" golden forms.ptx golden.bin
	compare "$set" warp warp_forms.ptx warp.bin
	compare "$set" tensor tensor_forms.ptx tensor.bin
done
echo "1..$TAP_DONE"
finish
