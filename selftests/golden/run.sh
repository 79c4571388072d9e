#!/bin/bash
# SPDX-License-Identifier: MIT
# Every instruction form, on the device in a bed, against what an H200 gave.
# HANDLERS names the handler sets to run (default: the best one; "all" for each).
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
out=$top/build/selftests/golden
make -s all >&2 && xz -dc golden.xz > "$out/golden.bin" || { echo "Bail out! no golden values"; exit 1; }
sets=${HANDLERS:-auto}
[ "$sets" = all ] && sets="avx512 avx2 portable"
status=0
n=0
while read -r set; do
	while IFS= read -r line; do
		case $line in
		"ok "*|"not ok "*) n=$((n + 1)); [ "${line%% *}" = ok ] || status=1
			echo "${line%%ok *}ok $n - $set: ${line#* - }" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done < <("$top/tools/vm/vgpu-vm" --bed uml --params "isa=$set" -- "$out/golden" check "$out/forms.ptx" "$out/golden.bin")
done < <(tr ' ' '\n' <<< "$sets")
[ "$n" -gt 0 ] || { echo "not ok 1 - the runner printed nothing"; n=1; status=1; }
echo "1..$n"
exit $status
