#!/bin/bash
# SPDX-License-Identifier: MIT
# native.sh usable|able|load KO [PARAM…]|unload: the modules on this very machine, where that
# is possible ("able" says why it is not), and this tree's libraries where the dynamic linker finds them: there only while
# the module is.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CONF=/etc/ld.so.conf.d/000-vgpu.conf
BESIDE="vgpu_drm vgpu_configfs"

# Root in a container often may not.
may_load()
{
	local caps

	caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	((16#${caps:-0} >> 16 & 1))	# CAP_SYS_MODULE
}

# Says why no module can be loaded here, before anybody has built one in vain.
able()
{
	[ -e /proc/modules ] || die "this kernel loads no modules: \"make run SAMPLE=…\" runs a program in a virtual machine"
	may_load || die "loading a module takes root with CAP_SYS_MODULE (\"make run SAMPLE=…\" does without)"
}

# also NAME SIGN WHAT: vgpu_NAME, which is for kernels that have NAME; they have it where SIGN is.
also()
{
	[ -d "$2" ] || modprobe -q "$1" || return 0
	insmod "$KO_DIR/vgpu_$1.ko" || say "going on without $3"
}

# references MODULE: how many there are on it, 0 where it is not.
references() { cat "/sys/module/$1/refcnt" 2>/dev/null || echo 0; }

# Who else than the modules beside it holds vgpu, or holds them: a count. They go first, and would be gone in vain.
holders()
{
	local n m

	n=$(references vgpu)
	for m in $BESIDE; do
		[ ! -d "/sys/module/$m" ] || n=$((n - 1 + $(references "$m")))
	done
	echo "$n"
}

case ${1:-} in
usable)
	may_load && [ -e /proc/modules ] && [ -d "/lib/modules/$(uname -r)/build" ]
	;;
able)
	able
	;;
load)
	shift
	[ $# -ge 1 ] || die "usage: native.sh load KO [PARAM…]"
	able
	insmod "$@"
	KO_DIR=$(dirname "$1")
	also drm /sys/module/drm "render nodes"
	also configfs /sys/kernel/config "devices that are added at run time"
	echo "$TOP_DIR/build/userlib" >"$CONF"
	ldconfig
	;;
unload)
	may_load || die "unloading a module takes root with CAP_SYS_MODULE"
	[ "$(references vgpu_configfs)" = 0 ] || die "devices were added at run time: vgpu-ctl remove, then again"
	[ "$(holders)" -le 0 ] || die "the device is in use"
	for m in $BESIDE vgpu; do
		[ ! -d "/sys/module/$m" ] || rmmod "$m"
	done
	rm -f "$CONF"
	ldconfig
	;;
*)
	die "usage: native.sh usable|able|load KO [PARAM…]|unload"
	;;
esac
