#!/bin/bash
# SPDX-License-Identifier: MIT
# kmod.sh KERNEL|KDIR [SOURCE]: build the module in SOURCE (default: this tree's vgpu.ko)
# against one kernel and print the .ko's path. KERNEL is a name that kernels.sh knows;
# KDIR a kernel build tree.
#
# kbuild puts objects beside the sources, so each kernel gets a tree of links to them
# under build/kmod-<release>; several kernels can then be built for at once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# -ge 1 ] || die "usage: kmod.sh KERNEL|KDIR [SOURCE]"
SRC=$(cd "${2:-$TOP_DIR}" && pwd)
case $1 in
*/*) KDIR=$1 ;;
*) KDIR=$("$VM_DIR/kernels.sh" "$1")/build ;;
esac
[ -f "$SRC/Kbuild" ] || die "no Kbuild in $SRC"
[ -f "$KDIR/.config" ] || die "$KDIR is no kernel build tree"

# The folders of SOURCE that a module build reads.
if [ "$SRC" = "$TOP_DIR" ]; then
	NAME=vgpu
	PARTS="driver uapi"
else
	NAME=$(basename "$SRC")
	PARTS=
fi

# Not kernel.release: Debian's headers say the upstream version there.
release=$(sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' "$KDIR/include/generated/utsrelease.h")
[ -n "$release" ] || die "$KDIR is not prepared: no kernel release in it"
# Debian's headers may be there twice, installed and in the cache. By another path to the same ones kbuild
# would make everything anew.
installed=/lib/modules/$release/build
if cmp -s "$installed/.config" "$KDIR/.config" && cmp -s "$installed/Module.symvers" "$KDIR/Module.symvers"; then
	KDIR=$installed
fi
KDIR=$(realpath "$KDIR")
OUT=$TOP_DIR/build/kmod-$release
[ "$NAME" = vgpu ] || OUT=$OUT-$NAME
ARCH=
grep -qx CONFIG_UML=y "$KDIR/.config" && ARCH=ARCH=um

mkdir -p "$OUT"
exec 9>"$OUT/.lock"
flock 9

# sources: every source file, relative to SOURCE.
sources()
{
	(cd "$SRC" && {
		# shellcheck disable=SC2086
		[ -z "$PARTS" ] || find $PARTS -type f
		find . -maxdepth 1 -type f -printf '%P\n'
	}) | grep -E '(^|/)(Kbuild|Makefile|[^/]*\.(c|h|S|def|inc|lds))$' |
		if [ "$SRC" = "$TOP_DIR" ]; then grep -vx Makefile; else cat; fi
}

# farm: links for all sources, none for those that are gone. Prints nothing.
farm()
{
	local f
	sources | while read -r f; do
		[ "$OUT/$f" -ef "$SRC/$f" ] && continue
		mkdir -p "$OUT/$(dirname "$f")"
		ln -sfn "$SRC/$f" "$OUT/$f"
	done
	find "$OUT" -xtype l -delete
}

# The module is current when no source, and not the kernel, is newer, and it was built for that one. Other modules may
# include this tree's headers: make looks.
current()
{
	[ "$NAME" = vgpu ] && [ -f "$OUT/$NAME.ko" ] && [ "$OUT/$NAME.ko" -nt "$KDIR/.config" ] &&
		[ "$(readlink "$OUT/.kernel")" = "$KDIR" ] &&
		[ "$(cat "$OUT/.sources" 2>/dev/null)" = "$(sources | sort)" ] &&
		[ -z "$(cd "$SRC" && sources | tr '\n' '\0' |
			find -files0-from - -newer "$OUT/$NAME.ko" -print -quit)" ]
}

if ! current; then
	began=$(date +%s.%N)
	farm
	# shellcheck disable=SC2086
	nice -n "${VGPU_NICE:-0}" make -s -j"${VGPU_JOBS:-$(nproc)}" $ARCH -C "$KDIR" \
		M="$OUT" modules 9>&- 2>&1 |
		sed -e '/^Skipping BTF generation/d' -e "s|$OUT/|$(realpath --relative-to="$PWD" "$SRC")/|g" >&2
	[ -f "$OUT/$NAME.ko" ] || die "no $NAME.ko came out"
	sources | sort >"$OUT/.sources"
	ln -sfn "$KDIR" "$OUT/.kernel"
	touch -d "@$began" "$OUT/$NAME.ko"	# what changed while it was built is newer
fi
echo "$OUT/$NAME.ko"
