#!/bin/bash
# SPDX-License-Identifier: MIT
# native.sh usable|load KO [PARAM…]|unload: the module on this very machine, where that
# is possible, and this tree's libraries where the dynamic linker finds them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CONF=/etc/ld.so.conf.d/000-vgpu.conf

case ${1:-} in
usable)
	[ "$(id -u)" = 0 ] && [ -e /proc/modules ] && [ -d "/lib/modules/$(uname -r)/build" ]
	;;
load)
	shift
	[ $# -ge 1 ] || die "usage: native.sh load KO [PARAM…]"
	insmod "$@"
	# The render nodes are for kernels that have DRM.
	if [ -d /sys/module/drm ] || modprobe -q drm; then
		insmod "${1%/*}/vgpu_drm.ko" || say "going on without render nodes"
	fi
	echo "$TOP_DIR/build/userlib" >"$CONF"
	ldconfig
	;;
unload)
	rm -f "$CONF"
	ldconfig
	[ ! -d /sys/module/vgpu_drm ] || rmmod vgpu_drm
	rmmod vgpu
	;;
*)
	die "usage: native.sh usable|load KO [PARAM…]|unload"
	;;
esac
