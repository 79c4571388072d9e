#!/bin/sh
# SPDX-License-Identifier: MIT
# Documentation/isa-ops.rst is what the tables say, the example of isa.rst is valid, and a change of the
# table is another version.
top=$(cd "$(dirname "$0")/../.." && pwd)
visa=$top/build/tools/visa/visa
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# minor FOLDER: VGPU_ISA_MINOR by the headers of that folder
minor()
{
	printf '#include <stdio.h>\n#include "vgpu_isa.h"\nint main(void) { return !printf("%%d\\n", VGPU_ISA_MINOR); }\n' |
		${CC:-cc} -I"$1" -x c -o "$tmp/minor" - && "$tmp/minor"
}

# other ROW COLUMN ONE ANOTHER: the headers, but in that column of that row ONE or, where that stands, ANOTHER
other()
{
	awk -F, -v OFS=, -v start="VGPU_OP($1," -v n="$2" -v one="$3" -v another="$4" \
		'index($0, start) == 1 { w = $n; gsub(/ /, "", w); $n = w == one ? another : one } { print }' \
		"$top/uapi/vgpu_isa_ops.h" >"$tmp/uapi/vgpu_isa_ops.h"
}

# unnoticed: the changes of one word after which the version is the same
unnoticed()
{
	mkdir -p "$tmp/uapi"
	cp "$top/uapi/vgpu_isa.h" "$tmp/uapi"
	was=$(minor "$top/uapi") || echo "no version"
	for row in NOP FFMA MMASC; do
		for change in '2 "nop" "noop"' '3 V W' '4 V W' '5 X Y' '6 X Y' '7 SAT EXT' '8 ZERO FUNC' '9 ALU MEM'; do
			# shellcheck disable=SC2086
			other $row $change
			is=$(minor "$tmp/uapi") && [ "$is" != "$was" ] || echo "$row, column $change: $was, $is"
		done
	done
}

echo "1..3"
if "$visa" reference | diff "$top/Documentation/isa-ops.rst" - >"$tmp/diff"; then
	echo "ok 1 - the reference is up to date"
else
	echo "not ok 1 - the reference is up to date (visa reference -o Documentation/isa-ops.rst)"
	sed 's/^/# /' "$tmp/diff" | head -20
fi
sed -n '/^    \.kernel/,/^    \.end/s/^    //p' "$top/Documentation/isa.rst" >"$tmp/example.visa"
if [ -s "$tmp/example.visa" ] && "$visa" as "$tmp/example.visa" -o "$tmp/example.vgo" &&
   "$visa" check "$tmp/example.vgo"; then
	echo "ok 2 - the example assembles and is valid"
else
	echo "not ok 2 - the example assembles and is valid"
fi
unnoticed >"$tmp/same" 2>&1
if [ ! -s "$tmp/same" ]; then
	echo "ok 3 - another word in any column of the table is another version"
else
	echo "not ok 3 - another word in any column of the table is another version"
	sed 's/^/# /' "$tmp/same"
fi
