#!/bin/bash
# SPDX-License-Identifier: MIT
# native.sh usable|load KO [PARAM…]|unload: the module on this very machine, where that
# is possible, and this tree's libraries where the dynamic linker finds them: there only while
# the module is.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CONF=/etc/ld.so.conf.d/000-vgpu.conf

# Root in a container often may not.
may_load()
{
	local caps

	caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	((16#${caps:-0} >> 16 & 1))	# CAP_SYS_MODULE
}

# Who else than the other module holds vgpu: a count. It goes first, and would be gone in vain.
holders()
{
	local n

	n=$(cat /sys/module/vgpu/refcnt 2>/dev/null) || n=0
	[ ! -d /sys/module/vgpu_drm ] || n=$((n - 1 + $(cat /sys/module/vgpu_drm/refcnt)))
	echo "$n"
}

case ${1:-} in
usable)
	may_load && [ -e /proc/modules ] && [ -d "/lib/modules/$(uname -r)/build" ]
	;;
load)
	shift
	[ $# -ge 1 ] || die "usage: native.sh load KO [PARAM…]"
	may_load || die "loading a module takes root with CAP_SYS_MODULE"
	insmod "$@"
	# The render nodes are for kernels that have DRM.
	if [ -d /sys/module/drm ] || modprobe -q drm; then
		insmod "${1%/*}/vgpu_drm.ko" || say "going on without render nodes"
	fi
	echo "$TOP_DIR/build/userlib" >"$CONF"
	ldconfig
	;;
unload)
	may_load || die "unloading a module takes root with CAP_SYS_MODULE"
	[ "$(holders)" -le 0 ] || die "the device is in use"
	[ ! -d /sys/module/vgpu_drm ] || rmmod vgpu_drm
	[ ! -d /sys/module/vgpu ] || rmmod vgpu
	rm -f "$CONF"
	ldconfig
	;;
*)
	die "usage: native.sh usable|load KO [PARAM…]|unload"
	;;
esac
