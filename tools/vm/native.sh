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
	[ ! -d /sys/module/vgpu_drm ] || rmmod vgpu_drm
	[ ! -d /sys/module/vgpu ] || rmmod vgpu
	rm -f "$CONF"
	ldconfig
	;;
*)
	die "usage: native.sh usable|load KO [PARAM…]|unload"
	;;
esac
