#!/bin/bash
# SPDX-License-Identifier: MIT
# kernels.sh uml|6.1|6.12|kasan|kcsan ...: have these kernels ready in the cache and print
# the folder of each. Such a folder holds
#	kernel	what the bed boots
#	build	the tree that modules are built against (KDIR)
#	release	its version
#	source	(built ones only) its source
#	root	(Debian's own only) the unpacked image package, with its modules
# Safe to run twice at once; does nothing when all is there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$VM_DIR/apt.sh"

JOBS=${VGPU_JOBS:-$(nproc)}

kbuild() { nice -n "${VGPU_NICE:-10}" make -s -j"$JOBS" "$@"; }

# source_tree PACKAGE: unpack Debian's kernel source into the cache; sets SRC.
source_tree()
{
	SRC=$CACHE/src/$1
	[ -f "$SRC/Makefile" ] && return
	apt_ready
	say "fetching $1"
	unpack "$CACHE/src/$1.deb" "$1"
	mkdir "$SRC.new"
	logged src tar -C "$SRC.new" --strip-components=1 -xf "$CACHE/src/$1.deb/usr/src/$1.tar.xz"
	mv "$SRC.new" "$SRC"
	rm -rf "$CACHE/src/$1.deb"
}

# configure DIR BASE FRAGMENT...: a .config from BASE targets and our fragments, then
# look whether each line took: kconfig drops silently what it cannot satisfy.
configure()
{
	local dir=$1 base=$2 line
	shift 2
	# shellcheck disable=SC2086
	logged "$NAME" kbuild -C "$SRC" $ARCH O="$dir" $base
	(cd "$SRC" && logged "$NAME" scripts/kconfig/merge_config.sh -O "$dir" -m \
		"$dir/.config" "$@")
	# shellcheck disable=SC2086
	logged "$NAME" kbuild -C "$SRC" $ARCH O="$dir" olddefconfig
	while read -r line; do
		grep -qxF "$line" "$dir/.config" && continue
		case $line in
		*" is not set") grep -q "^${line:2:-11}=" "$dir/.config" || continue ;;
		esac
		die "kernel $NAME: the configuration lost '$line'"
	done < <(grep -hE '^(CONFIG_|# CONFIG_.* is not set)' "$@")
}

finish()
{
	echo "$1" >"$DIR/release"
	stamp "$STAMP" "$WANT"
	say "kernel $NAME ($1) is ready"
}

# patched PATCH...: a copy of SRC with these applied, whose other files are links; sets SRC.
# Another version may have one of them already, or not take it: without it the bed is slower, no more.
patched()
{
	local p
	if [ ! -d "$DIR/source" ]; then
		rm -rf "$DIR/source.new"
		cp -al "$SRC" "$DIR/source.new"
		for p; do
			if patch -d "$DIR/source.new" -p1 -s -f --dry-run <"$p" >/dev/null; then
				logged "$NAME" patch -d "$DIR/source.new" -p1 -s -f <"$p"
			else
				say "$(basename "$SRC") does not take $(basename "$p"): going on without"
			fi
		done
		mv "$DIR/source.new" "$DIR/source"
	fi
	SRC=$DIR/source
}

build_uml()
{
	local b=$DIR/build
	ARCH=ARCH=um
	apt_ready
	source_tree "$(newest 'linux-source-7\.[0-9]+')"
	patched "$VM_DIR"/patches/uml-*.patch
	say "building the UML kernel (3-4 min on two cores)"
	mkdir -p "$b"
	configure "$b" "defconfig mod2noconfig" "$VM_DIR/config/uml.fragment"
	logged uml kbuild -C "$SRC" $ARCH O="$b" linux modules_prepare
	cp "$b/vmlinux.symvers" "$b/Module.symvers"	# all that modules can want: the kernel has none of its own
	ln -sfn build/linux "$DIR/kernel"
	finish "$(kbuild -C "$SRC" $ARCH O="$b" kernelrelease)"
}

# Debian's own kernel: image and headers unpacked, not installed.
stock()
{
	local image=$1 kv=${1#linux-image-} root=$DIR/root hdr
	local series=${kv%%[-+]*}
	series=$(echo "$series" | cut -d. -f1,2)
	say "fetching $image and its headers"
	hdr=$(apt_private cache depends "linux-headers-$kv" | awk '/Depends: linux-(headers|kbuild)/ { print $2 }')
	# shellcheck disable=SC2086
	unpack "$root" "$image" "linux-headers-$kv" $hdr
	# The headers' one-line Makefile names an absolute place.
	sed -i "s|\(include \)/usr/src/|\1$root/usr/src/|" "$root/usr/src/linux-headers-$kv/Makefile"
	# With a vmlinux beside it modpost would want BTF, and with it pahole.
	rm -f "$root/usr/src/linux-headers-$kv/vmlinux"
	ln -sfn "root/usr/src/linux-headers-$kv" "$DIR/build"
	logged "$NAME" depmod -b "$root" "$kv"
	logged "$NAME" python3 "$VM_DIR/extract-vmlinux.py" "$root/boot/vmlinuz-$kv" "$DIR/kernel"
	finish "$kv"
}

build_6.1()
{
	apt_ready
	stock "$(apt_private cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2 }')"
}

build_6.12()
{
	apt_ready
	stock "$(newest 'linux-image-6\.12\.[0-9]+.*[0-9]-amd64')"
}

# A debug kernel for QEMU: everything built in, booted as bzImage, for with KASAN the PVH
# entry runs before the shadow exists.
debug_kernel()
{
	local b=$DIR/build
	ARCH=
	source_tree linux-source-6.1
	say "building the $NAME kernel (7 min on two cores)"
	mkdir -p "$b"
	configure "$b" tinyconfig "$VM_DIR/config/debug-base.fragment" \
		"$VM_DIR/config/$NAME.fragment"
	logged "$NAME" kbuild -C "$SRC" O="$b" bzImage modules
	ln -sfn build/arch/x86/boot/bzImage "$DIR/kernel"
	finish "$(kbuild -C "$SRC" O="$b" kernelrelease)"
}

build_kasan() { debug_kernel; }
build_kcsan() { debug_kernel; }

# What a stamp must match: the fragments and patches that the kernel was built from, less their licence.
fragments()
{
	local f
	for f; do
		grep -v SPDX-License-Identifier "$VM_DIR/config/$f.fragment"
		cat "$VM_DIR/patches/$f"-*.patch 2>/dev/null || true
	done | hash_of
}

recipe()
{
	case $NAME in
	uml) fragments uml ;;
	kasan | kcsan) fragments debug-base "$NAME" ;;
	*) echo stock-1 ;;
	esac
}

ready()
{
	stamped "$STAMP" "$WANT" && [ -e "$DIR/kernel" ] && [ -e "$DIR/build/Makefile" ]
}

[ $# -gt 0 ] || die "usage: kernels.sh uml|6.1|6.12|kasan|kcsan ..."
for NAME in "$@"; do
	declare -F "build_$NAME" >/dev/null || die "no kernel named $NAME"
	WANT=$(recipe)
	# Trees that want them otherwise may share a cache.
	case $NAME in
	6.*) DIR=$CACHE/kernels/$NAME ;;
	*) DIR=$CACHE/kernels/$NAME-$WANT ;;
	esac
	STAMP=kernel-$(basename "$DIR")
	if ! ready; then
		# Builds wait for each other: they would only share the same cores.
		(
			case $NAME in
			6.*) take_lock stock ;;
			*) take_lock kernels ;;
			esac
			ready && exit
			# A build that was broken off goes on; another recipe starts anew.
			if [ "$(cat "$DIR/recipe" 2>/dev/null)" != "$WANT" ]; then
				rm -rf "$DIR"
				mkdir -p "$DIR"
				echo "$WANT" >"$DIR/recipe"
			fi
			"build_$NAME"
		)
	fi
	echo "$DIR"
done
