#!/bin/bash
# SPDX-License-Identifier: MIT
# install.sh libs|tools|system|module|dkms ...: put these parts of what was built below $DESTDIR.
#
#	libs	libcuda and libnvidia-ml in /usr/lib/vgpu, and the linker's entry for them
#	tools	vgpu-ctl and vgpu-ptxc, the man page, bash's completion
#	system	udev rules and names, modprobe.d, the systemd unit
#	module	vgpu.ko, vgpu_configfs.ko and vgpu_drm.ko of $KO_DIR for kernel $RELEASE
#	dkms	the module's source, for DKMS
set -euo pipefail
cd "$(dirname "$0")/../.."
D=${DESTDIR:-}
VERSION=$(sed -n 's/^.define VGPU_MODULE_VERSION[^"]*"\([^"]*\)".*/\1/p' driver/core/vgpu.h)
HERE=tools/package

put() { install -D -m "$1" "$2" "$D$3"; }

# The folders that this system's dynamic linker looks into by itself.
system_dirs()
{
	local ld
	for ld in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do
		[ ! -x $ld ] || $ld --list-diagnostics | sed -n 's|^path\.system_dirs\[.*\]="\(.*\)/"$|\1|p'
	done | grep . || { echo "install.sh: the linker does not say where it looks (glibc 2.33 does)" >&2; return 1; }
}

libs()
{
	local so name
	for name in libcuda libnvidia-ml; do
		so=$(find build/userlib -maxdepth 1 -type f -name "$name.so.*" -printf '%f\n')
		[ -n "$so" ] || { echo "install.sh: $name is not built: make user" >&2; exit 1; }
		put 644 "build/userlib/$so" "/usr/lib/vgpu/$so"
		ln -sfn "$so" "$D/usr/lib/vgpu/$name.so.1"
		ln -sfn "$name.so.1" "$D/usr/lib/vgpu/$name.so"
	done
	# Last in the linker's order: whatever a real driver has installed comes before it.
	system_dirs >build/system-dirs
	sed -e '/^@SYSTEM_DIRS@$/{' -e 'r build/system-dirs' -e 'd' -e '}' $HERE/zz-vgpu.ld.conf >build/zz-vgpu.conf
	put 644 build/zz-vgpu.conf /etc/ld.so.conf.d/zz-vgpu.conf
	rm build/system-dirs build/zz-vgpu.conf
}

tools()
{
	put 755 build/tools/vgpu-ctl/vgpu-ctl /usr/bin/vgpu-ctl
	put 755 build/tools/vgpu-ptxc /usr/bin/vgpu-ptxc
	put 644 tools/vgpu-ctl/completion.bash /usr/share/bash-completion/completions/vgpu-ctl
	if [ -f build/tools/vgpu-ctl/vgpu-ctl.1 ]; then
		put 644 build/tools/vgpu-ctl/vgpu-ctl.1 /usr/share/man/man1/vgpu-ctl.1
		gzip -9nf "$D/usr/share/man/man1/vgpu-ctl.1"
	fi
}

system()
{
	put 644 $HERE/60-vgpu.rules /usr/lib/udev/rules.d/60-vgpu.rules
	put 644 $HERE/60-vgpu.hwdb /usr/lib/udev/hwdb.d/60-vgpu.hwdb
	put 644 $HERE/modprobe.conf /etc/modprobe.d/vgpu.conf
	put 644 $HERE/vgpu.service /usr/lib/systemd/system/vgpu.service
}

module()
{
	local ko
	for ko in vgpu vgpu_configfs vgpu_drm; do
		put 644 "$KO_DIR/$ko.ko" "/lib/modules/$RELEASE/updates/$ko.ko"
	done
	# A staged tree must not bring lists of its own in the place of the system's.
	[ -n "$D" ] || depmod "$RELEASE"
}

dkms()
{
	local to=/usr/src/vgpu-$VERSION f
	find driver uapi Kbuild -type f \
		\( -name Kbuild -o -name Makefile -o -name '*.[chS]' -o -name '*.def' -o -name '*.inc' \) |
		while read -r f; do put 644 "$f" "$to/$f"; done
	sed "s/@VERSION@/$VERSION/" $HERE/dkms.conf.in >"$D$to/dkms.conf"
	chmod 644 "$D$to/dkms.conf"
}

for part; do
	case $part in
	libs | tools | system | module | dkms) "$part" ;;
	*) echo "install.sh: there is no part $part" >&2; exit 2 ;;
	esac
done
# Into this very system: let it know.
if [ -z "$D" ] && [ "$(id -u)" = 0 ]; then
	ldconfig
	command -v systemd-hwdb >/dev/null && systemd-hwdb --usr update || :
fi
