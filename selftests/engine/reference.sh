#!/bin/sh
# SPDX-License-Identifier: MIT
# Documentation/isa-ops.rst is what the tables say, the example of isa.rst is valid, a change of the
# table is another version, and a change of its words a major one, or recorded.
top=$(cd "$(dirname "$0")/../.." && pwd)
visa=$top/build/tools/visa/visa
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$top/selftests/lib/tap.sh"

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

# major FOLDER: VGPU_ISA_MAJOR, likewise
major() { sed -n 's/^#define VGPU_ISA_MAJOR[[:space:]]*//p' "$1/vgpu_isa.h"; }

# meanings FOLDER: that version, and a sum over what the table says that instructions do
meanings()
{
	printf '#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING) NAME MEANING\n#include "vgpu_isa_ops.h"\n' |
		${CC:-cc} -I"$1" -E -P -x c - | tr -d '[:space:]' | cksum | sed "s/^/$(major "$1") /;s/ [0-9]*$//"
}

# changes: the last major version whose change isa.rst tells
changes() { sed -n '/^major  what/,/^The lower/s/^\([0-9]*\)  .*/\1/p' "$top/Documentation/isa.rst" | tail -n 1; }

# example: the one of isa.rst assembles and is valid
example()
{
	sed -n '/^    \.kernel/,/^    \.end/s/^    //p' "$top/Documentation/isa.rst" >"$tmp/example.visa"
	[ -s "$tmp/example.visa" ] && "$visa" as "$tmp/example.visa" -o "$tmp/example.vgo" && "$visa" check "$tmp/example.vgo"
}

none() { [ ! -s "$1" ] || { cat "$1"; false; }; }

# is ONE ANOTHER WHAT-TO-DO
is() { [ "$1" = "$2" ] || { echo "'$1', not '$2': $3"; false; }; }

echo "1..6"
"$visa" reference | diff "$top/Documentation/isa-ops.rst" - >"$tmp/diff"
check "the reference is up to date" is "$(head -n 20 "$tmp/diff")" "" "visa reference -o Documentation/isa-ops.rst"
check "the example assembles and is valid" example
unnoticed >"$tmp/same" 2>&1
check "another word in any column of the table is another version" none "$tmp/same"
check "what the table says is recorded for this major version" \
	is "$(meanings "$top/uapi")" "$(grep -v '^#' "$top/selftests/engine/meanings")" \
	"it says something else. Raise VGPU_ISA_MAJOR if a valid object could tell; then the first belongs into selftests/engine/meanings"
sed 's/the members of a convergence point/& or two/' "$top/uapi/vgpu_isa_ops.h" >"$tmp/uapi/vgpu_isa_ops.h"
check_status 1 "and other words would not be" is "$(meanings "$tmp/uapi")" "$(meanings "$top/uapi")"
check "isa.rst tells what this major version changed" is "$(changes)" "$(major "$top/uapi")" "the first is the last that it tells of"
finish
