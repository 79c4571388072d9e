#!/bin/bash
# SPDX-License-Identifier: MIT
# What holds for the tree as a whole: licences stated, the contract documented, documentation that builds.
# time limit: 300
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh
top=$(cd ../.. && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# Texts that can carry no line of ours: licences themselves, JSON, a program's exact output.
exceptions="LICENSES/* *.json *.expected"

# tree: every text file, by its path below $top.
tree()
{
	if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$top" ls-files -z
	else
		(cd "$top" && find . -name build -prune -o -type f -printf '%P\0')
	fi | (cd "$top" && xargs -0 grep -lI '') | while read -r f; do
		for e in $exceptions; do
			# shellcheck disable=SC2053
			[[ $f == $e ]] && continue 2
		done
		echo "$f"
	done
}

# unlicensed FOLDER: of the paths on standard input, those whose first lines name no licence of LICENSES.
unlicensed()
{
	local f line word known="GPL-2.0|MIT|GPL-2.0 OR MIT|(GPL-2.0 WITH Linux-syscall-note) OR MIT"
	while read -r f; do
		line=$(head -n 5 "$1/$f" | sed -n 's/.*SPDX-License-Identifier: //p' | head -n 1)
		line=${line%% \*/}
		line=${line%% -->}
		[ -n "$line" ] && [[ "|$known|" == *"|$line|"* ]] || { echo "$f: '$line'"; continue; }
		case $f in
		driver/* | Kbuild) [[ $line == GPL-2.0* ]] || echo "$f: the driver is GPL-2.0, not '$line'" ;;
		uapi/*) [[ $line == *syscall-note* ]] || echo "$f: the contract is not '$line'" ;;
		esac
		for word in $line; do
			word=${word//[()]/}
			[ -f "$top/LICENSES/$word" ] || [ -f "$top/LICENSES/exceptions/$word" ] ||
				[[ $word == OR || $word == WITH ]] || echo "$f: no LICENSES/$word"
		done
	done
}

# badly_said FOLDER...: comments in kernel-doc's form that leave something out, as kernel-doc says it
badly_said() { find "$@" -name '*.[ch]' -print0 | xargs -0 "$kerneldoc" -none -Wall 2>&1 | sort -u; }

none() { [ ! -s "$1" ] || { cat "$1"; false; }; }

# undocumented HEADER PAGE: ioctls of the one that the other does not name, and the other way round.
undocumented()
{
	sed -n 's/^#define VGPU_IOCTL_\([A-Z_]*\).*/\1/p' "$1" | sort >"$tmp/ioctls"
	sed -n 's/^``\([A-Z_]*\)`` .*/\1/p' "$2" | sort >"$tmp/named"
	[ -s "$tmp/ioctls" ] || echo "no ioctl in $1"
	comm -3 "$tmp/ioctls" "$tmp/named"
}

# stale PAGE...: files of the tree that pages of documentation name and that are not there (bare
# names of sources count, too), and functions that nothing in the tree calls by that name.
stale()
{
	sed 's/`` *``/\n/g' "$@" | grep -o '``[^`]*``' | tr -d '`' | sort -u >"$tmp/literals"
	grep -oE '^(driver|userlib|uapi|selftests|tools|Documentation|LICENSES)/[^ ]+$' "$tmp/literals" | while read -r f; do
		compgen -G "$top/$f" >/dev/null || echo "no file $f"
	done
	grep -oE '^[a-z_0-9*]+\.(c|h|def|sh|py|ptx)$' "$tmp/literals" | while read -r f; do
		grep -q "\(^\|/\)${f//\*/[^/]*}\$" "$tmp/tree" || echo "no file $f"
	done
	grep -oE '[A-Za-z_0-9]+\(\)' "$tmp/literals" | tr -d '()' | sort -u | while read -r f; do
		grep -v '^Documentation/\|\.md$' "$tmp/tree" | (cd "$top" && xargs grep -qw -- "$f") || echo "no function $f()"
	done
}

# unnamed HEADER PAGE: kinds of faults and events that the header or the list of their names lacks, rows that the page does.
unnamed()
{
	local list=$top/uapi/vgpu_faults.def
	sed -n 's/^\tVGPU_\(\(FAULT\|EVENT\)_[A-Z_]*\)[ \t]*= .*/\1/p' "$1" | sort >"$tmp/kinds"
	sed -n 's/^\(FAULT\|EVENT\)_KIND(\([A-Z_]*\), .*/\1_\2/p' "$list" | sort >"$tmp/named"
	[ -s "$tmp/kinds" ] || echo "no kind in $1"
	comm -3 "$tmp/kinds" "$tmp/named"
	sed -n '/(NONE,/d; s/^FAULT_KIND(\(.*\), \(.*\), \(.*\), "\(.*\)")$/\1 \2 CUDA_ERROR_\3 \4/p' "$list" |
		sed 's/ 0 / none /' >"$tmp/listed"
	sed -n '/^kind  *Xid  *CUDA/,/^$/s/^\([A-Z_]*\)  *\([0-9none]*\)  *\(CUDA_[A-Z_]*\)  */\1 \2 \3 /p' "$2" |
		diff "$tmp/listed" -
}

# figures README: what it says of the golden tests against what there is, as "all same other"
figures()
{
	local golden=$top/selftests/golden
	sed -n 's/.* of \([0-9]*\) tests of instruction forms.*, \([0-9]*\) give what .*In the other \([0-9]*\) .*/\1 \2 \3/p' "$1" >"$tmp/said"
	sed -n 's/^enum {.* LOADS = \([0-9]*\), STORES = \([0-9]*\), REDUCTIONS = \([0-9]*\), ODD = \([0-9]*\) };/\1 \2 \3 \4/p' \
		"$golden/tensor.cpp" >"$tmp/tensors"
	{ "$golden/forms.py" table; "$golden/warp_forms.py" table; } | wc -l |
		awk -v known="$(grep -cv '^#' "$golden/known.txt")" -v tensors="$(cat "$tmp/tensors")" \
		'{ n = split(tensors, t, " "); for (i = 1; i <= n; i++) $1 += t[i]; print $1, $1 - known, known }' |
		diff "$tmp/said" -
}

# killing FOLDER: allocations of the driver for which the OOM killer would be woken, but for those that only root brings about
killing()
{
	(cd "$1" && grep -rn 'GFP_KERNEL\>' driver --include='*.[ch]') |
		grep -vE '^driver/(sched/worker|core/device|pci/pci|configfs/configfs|mm/vram)\.c:|define VGPU_GFP'
}

plan 18

killing "$top" >"$tmp/gfp"
check "no process can have the OOM killer woken" none "$tmp/gfp"
mkdir -p "$tmp/made/driver/mm"
echo "p = xa_store(a, 1, p, GFP_KERNEL | __GFP_NOWARN);" >"$tmp/made/driver/mm/huge.c"
killing "$tmp/made" >"$tmp/gfp"
check "one that could is found" grep -q huge.c "$tmp/gfp"
rm -r "$tmp/made"

tree >"$tmp/tree"
unlicensed "$top" <"$tmp/tree" >"$tmp/bare"
check "every text file says under which licence it is" none "$tmp/bare"

# That the checks can fail:
mkdir -p "$tmp/made/driver"
echo "int x;" >"$tmp/made/a.c"
echo "// SPDX-License-Identifier: BSD-2-Clause" >"$tmp/made/b.c"
echo "// SPDX-License-Identifier: MIT" >"$tmp/made/driver/c.c"
printf 'a.c\nb.c\ndriver/c.c\n' | unlicensed "$tmp/made" >"$tmp/bare"
check "a file without one, with another, with that of another part is found" \
	test "$(wc -l <"$tmp/bare")" = 3

undocumented "$top/uapi/vgpu_ioctl.h" "$top/Documentation/uapi.rst" >"$tmp/missing"
check "the page on the contract has every ioctl, and no other" none "$tmp/missing"
sed -n 's/^\tOP_ALWAYS(\([A-Z_]*\),.*/\1/p' "$top/driver/core/ioctl.c" | sort >"$tmp/always"
sed -n 's/^``\([A-Z_]*\)`` .* lost$/\1/p' "$top/Documentation/uapi.rst" | sort >"$tmp/lost"
check "... and knows which of them a lost device answers" diff "$tmp/always" "$tmp/lost"
grep -v VGPU_IOCTL_WAIT "$top/uapi/vgpu_ioctl.h" >"$tmp/header.h"
undocumented "$tmp/header.h" "$top/Documentation/uapi.rst" >"$tmp/missing"
check "one too many is found" test "$(tr -d '\t' <"$tmp/missing")" = WAIT

unnamed "$top/uapi/vgpu_ioctl.h" "$top/Documentation/uapi.rst" >"$tmp/missing"
check "every fault and event has its name, and the page shows them" none "$tmp/missing"
sed '/VGPU_FAULT_STACK/d' "$top/uapi/vgpu_ioctl.h" >"$tmp/header.h"
sed 's/^\(TRAP .*\)trap/\1trip/' "$top/Documentation/uapi.rst" >"$tmp/page.rst"
unnamed "$tmp/header.h" "$tmp/page.rst" >"$tmp/missing"
check "one too many and another name are found" \
	test "$(grep -c "^[[:space:]]FAULT_STACK$\|^< TRAP .* trap$\|^> TRAP .* trip$" "$tmp/missing")" = 3

pages=("$top"/Documentation/*.rst)
# instructions, made from the table: iadd.c is one
stale "${pages[@]/#*isa-ops.rst//dev/null}" >"$tmp/missing"
check "files and functions that the documentation names are there" none "$tmp/missing"
gone=gone	# in pieces: this script is one of the files that are searched
echo "See \`\`driver/$gone.c\`\`, \`\`$gone*.h\`\`, \`\`engine_run()\`\`, \`\`${gone}_for_good()\`\`; \`\`make\`\`." >"$tmp/page.rst"
stale "$tmp/page.rst" >"$tmp/missing"
check "one that is gone is found" test "$(wc -l <"$tmp/missing")" = 3

check "README's figures are those of the golden tests" figures "$top/README.md"
sed 's/ of [0-9]* tests of instruction forms/ of 853 tests of instruction forms/' "$top/README.md" >"$tmp/readme"
check "others are found" test -n "$(figures "$tmp/readme")"

# of the newest kernel for user mode that is there; kernels.sh would build one
kernels=${VGPU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vgpu}/kernels
# shellcheck disable=SC2012
kerneldoc=$(ls -t "$kernels"/uml*/source/scripts/kernel-doc 2>/dev/null | head -n 1)
if [ -x "$kerneldoc" ]; then
	badly_said "$top/driver" "$top/uapi" "$top/userlib" "$top/tools" >"$tmp/missing"
	check "kernel-doc finds nothing missing in the comments of driver, libraries and tools" none "$tmp/missing"
	printf '/**\n * half() - one parameter of two\n * @a: one\n */\nvoid half(int a, int b);\n' >"$tmp/made/d.h"
	badly_said "$tmp/made" >"$tmp/missing"
	check "what is missing is found" grep -q "'b' not described" "$tmp/missing"
else
	skip "kernel-doc finds nothing missing in the comments of driver, libraries and tools" "no kernel-doc in $kernels: tools/vm/kernels.sh uml"
	skip "what is missing is found" "likewise"
fi

# What that version makes is what .clang-format is for: others lay out differently.
format=$(command -v clang-format-14)
# unformatted FOLDER...: what it would change in C sources there.
unformatted() { find "$@" -name '*.[ch]' -exec "$format" --style="file:$top/.clang-format" --dry-run {} + 2>&1 | grep warning: | sed "s|^$top/||"; }
if [ -n "$format" ]; then
	unformatted "$top/userlib" "$top/tools" >"$tmp/missing"
	check "libraries and tools are laid out as .clang-format says" none "$tmp/missing"
	printf 'int two(void)\n{\n    return 2;\n}\n' >"$tmp/made/d.h"
	unformatted "$tmp/made" >"$tmp/missing"
	check "another layout is found" grep -q 'd.h:2' "$tmp/missing"
else
	skip "libraries and tools are laid out as .clang-format says" "no clang-format-14 here"
	skip "another layout is found" "likewise"
fi

if command -v sphinx-build >/dev/null; then
	check "the documentation builds without a warning" \
		sphinx-build -q -W --keep-going -b html -d "$tmp/doctrees" "$top/Documentation" "$tmp/html"
else
	skip "the documentation builds without a warning" "no sphinx-build here (python3-sphinx)"
fi
finish
