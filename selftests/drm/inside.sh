#!/bin/bash
# SPDX-License-Identifier: MIT
# In the bed. KO_DIR has our modules, KERNEL_DIR the kernel and its own, TOOLS drm_info and drmdevice; NVTOP
# is nvtop. PART=chosen: without CUDA and tools, for a kernel that takes ten times as long.
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
out=$1
ctl=$top/build/tools/vgpu-ctl/vgpu-ctl
client=$top/build/selftests/control/client
tmp=$(mktemp -d)
# Seconds, against hanging only: a kernel that watches each access takes ten times as long.
patience=60
case ${VGPU_KERNEL:-} in
kasan | kcsan) patience=240 ;;
esac
. ../lib/tap.sh
. ../lib/program.sh
. ../lib/rmmod.sh
echo "TAP version 13"

says() { grep -qE -- "$2" <<<"$1" || { echo "no '$2' in:"; echo "$1"; return 1; }; }
is() { [ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }; }
loaded() { [ -d "/sys/module/$1" ]; }

# kernel_module NAME: one of the kernel's own, if it is not built in.
kernel_module()
{
	local ko
	loaded "$1" && return
	if [ -d "$KERNEL_DIR/root" ]; then
		modprobe -d "$KERNEL_DIR/root" -S "$(uname -r)" "$1"
		return
	fi
	ko=$(find -L "$KERNEL_DIR/build/drivers/gpu/drm" -name "$1.ko" 2>/dev/null)
	[ -n "$ko" ] && insmod "$ko"
}

# A fence that ends lets go of the module a grace period later.
unload() { rmmod_within 50 vgpu_drm; }
ours() { insmod "$KO_DIR/$1.ko" "${@:2}"; }
# How many nodes there are of our devices.
count()
{
	local d n=0
	for d in /sys/class/drm/"$1"*; do
		[ -e "$d/device/vendor" ] && is "$(cat "$d/device/vendor")" 0x10de >/dev/null && n=$((n + 1))
	done
	echo $n
}
nodes() { count renderD; }
# The PCI function of device N.
pci() { readlink -f "/sys/bus/pci/drivers/vgpu"/*:"0$1.0"; }

# program NAME [ARG...]: each of its tests is one here.
program() { tap_program "$*" "$out/$1" "${@:2}"; }

# The node of device N.
render() { "$ctl" list --json | sed -n 's/.*"render_node":"\(.*\)".*/\1/p' | sed -n "$(($1 + 1))p"; }

tools()
{
	if [ ! -x "$TOOLS/drm_info" ]; then
		skip "drm_info, drmdevice" "Debian cannot be reached"
		return
	fi
	"$TOOLS/drm_info" >"$tmp/info" 2>/dev/null
	check "drm_info: the card" says "$(cat "$tmp/info")" "Driver: vgpu \(virtual GPU\)"
	check "drm_info: as a PCI device with two nodes" says \
		"$(sed -n '/Driver: vgpu/,/Framebuffer/p' "$tmp/info")" "Available nodes: primary, render"
	"$TOOLS/drmdevice" >"$tmp/device" 2>/dev/null
	check "drmdevice: the node" says "$(cat "$tmp/device")" "nodes\[2\] $(render 0)"
	check "drmdevice: opens it" says "$(cat "$tmp/device")" "Opening device node $(render 0)"
}

# What the fdinfo of a process says of our devices: one render node's, or nothing.
fdinfo_of() { grep -lE "^drm-driver:.vgpu" "/proc/$1/fdinfo/"* 2>/dev/null | head -n 1 | xargs -r cat; }

# Nothing of it knows of DRM: libcuda does.
cuda_client()
{
	local pid info
	check "vgpu-ctl names the node" test -c "$(render 0)"
	check "vgpu-ctl cdi, too" says "$("$ctl" cdi)" "\"$(render 1)\""
	rm -f "$tmp/to" "$tmp/from"
	mkfifo "$tmp/to" "$tmp/from"
	exec 7<>"$tmp/to" 8<>"$tmp/from"
	"$client" hang <&7 >&8 2>"$tmp/client.err" &
	pid=$!
	word=nothing
	read -r -t $patience word <&8
	check "a CUDA program is ready" is "$word" ready
	info=$(fdinfo_of $pid)
	check "its fdinfo: a context" says "$info" "^vgpu-contexts:.1$"
	check "its fdinfo: memory" says "$info" "^drm-total-vram:.[1-9][0-9]* KiB$"
	check "its fdinfo: time" says "$info" "^drm-engine-compute:.[1-9][0-9]* ns$"
	if [ -x "$NVTOP" ]; then
		(sleep $((patience / 15)); printf q) | TERM=xterm timeout $patience script -qec "stty rows 30 cols 120; $NVTOP" /dev/null >"$tmp/nvtop" 2>&1
		check "nvtop: the device" grep -q "vgpu 12.0" "$tmp/nvtop"
		check "nvtop: its client" grep -q "$pid" "$tmp/nvtop"
	else
		skip "nvtop" "Debian cannot be reached"
	fi
	echo >&7
	for _ in launched done; do
		read -r -t $patience word <&8
	done
	check "it ends well" is "$word" cudaSuccess
	wait $pid
	exec 7>&- 8>&-
}

# keep WHAT: a process that holds it, ready.
keep()
{
	rm -f "$tmp/to" "$tmp/from"
	mkfifo "$tmp/to" "$tmp/from"
	exec 7<>"$tmp/to" 8<>"$tmp/from"
	timeout $((2 * patience)) "$out/hold" "$1" <&7 >&8 2>"$tmp/hold.err" &
	holder=$!
	next_word
	check "$2: held" is "$word$(cat "$tmp/hold.err")" ready
}
# next_word: the holder's, or "nothing" when it says none, or is no longer there.
next_word()
{
	local until=$((SECONDS + patience)) last= part=

	while ! read -r -t 1 word <&8; do
		part+=$word	# a second may end within a word
		word=nothing
		[ -z "$last" ] && [ $SECONDS -lt $until ] || return 1
		kill -0 "$holder" 2>/dev/null || last=1		# what it said last may have come meanwhile
	done
	word=$part$word
}
said() { next_word; check "$1" is "$word" "$2"; }
# all_said: until it has said what no longer works.
all_said() { while next_word && [ "${word% *}" != close ]; do :; done; }
release() { echo >&7; }
let_go() { wait "$holder"; exec 7>&- 8>&-; }

if ! { loaded drm || kernel_module drm; } 2>/dev/null; then
	ours vgpu
	check "without DRM the second module does not load" says "$(ours vgpu_drm 2>&1)" insmod
	rmmod vgpu
	skip "render nodes" "this kernel has no DRM"
	echo "1..$TAP_DONE"
	finish
fi
# vgem needs what only a module may have.
kernel_module drm_shmem_helper 2>/dev/null
kernel_module vgem 2>"$tmp/vgem" || echo "# vgem: $(cat "$tmp/vgem")"
before=$(nodes)

check_status 1 "vgpu_drm needs vgpu" ours vgpu_drm
check "vgpu" ours vgpu gpus=2 vram=256
[ "${PART:-}" = chosen ] || program cuda without
check_status 1 "a bound on fences is checked" ours vgpu_drm fence_timeout_ms=0
check "vgpu_drm" ours vgpu_drm
check "a render node for each device" is "$(nodes)" $((before + 2))
check "not for everybody" is "$(stat -c %a /dev/dri/renderD* | sort -u)" 600

# A thread of its own, whose name newer kernels begin with kworker/R-.
check "fences can be signalled when memory is short" grep -qx "\(kworker/R-\)\?vgpu_drm" /proc/*/comm
program gem
program share
program fence
program killed
. ../lib/failing.sh
program failnth
if [ "${PART:-}" != chosen ]; then
	tools
	cuda_client
	program cuda with
fi
check "nothing holds it any more" unload
check "a short time for fences" ours vgpu_drm fence_timeout_ms=1500
program fence -t times_out

check_status 1 "vgpu is held by vgpu_drm" rmmod vgpu
for what in node buffer fence; do
	keep $what "a process with a $what"
	check_status 1 "$what: vgpu_drm is held" rmmod vgpu_drm
	check_status 1 "$what: and vgpu" rmmod vgpu
	release
	[ $what = node ] && all_said
	let_go
done

# A device goes as its PCI function does, and comes back.
if [ -e "$(pci 1)" ]; then
	address=$(basename "$(pci 1)")
	echo 1 >"$(pci 1)/remove"
	check "a function removed by hand takes its node along" is "$(nodes)" $((before + 1))
	echo 1 >/sys/bus/pci/rescan
	check "found again, it has one again" is "$(nodes)" $((before + 2))
	echo "$address" >/sys/bus/pci/drivers/vgpu/unbind
	check "unbound: no node" is "$(nodes)" $((before + 1))
	echo "$address" >/sys/bus/pci/drivers/vgpu/bind
	check "bound: one again" is "$(nodes)" $((before + 2))
fi

# unplugged NAME CMD...: while a process has its node open.
unplugged()
{
	keep node "$1"
	check "$1: done" "${@:2}"
	check "$1: the node is gone" is "$(nodes)" $((before + 1))
	release
	said "$1: what is mapped can be read" "mapped 7"
	said "$1: and written" "written 8"
	said "$1: nothing new" "ioctl No such device"
	said "$1: nor anything else" "close No such device"
	let_go
}

# Devices come and go while two processes use whatever nodes there are.
churn()
{
	local i users=() good=0
	for i in 1 2; do
		"$out/hold" all &
		users+=($!)
	done
	for i in $(seq 8); do
		mkdir $configfs/b && echo 1 >$configfs/b/enabled && rmdir $configfs/b && good=$((good + 1))
	done
	wait "${users[@]}"
	check "added and pulled out eight times, in use" is $good 8
}

configfs=
if [ -d /sys/kernel/config ] || kernel_module configfs 2>/dev/null; then
	ours vgpu_configfs 2>/dev/null && mount -t configfs none /sys/kernel/config && configfs=/sys/kernel/config/vgpu
fi
if [ -n "$configfs" ]; then
	keep node "in use"
	check_status 1 "in use: a device is not unplugged" sh -c "echo 0 >$configfs/unplug"
	for number in 4294967296 0x0 '0force' '0 force now'; do
		check "'$number' is no device" bash -c "echo '$number' 2>&1 >$configfs/unplug | grep -q Invalid"
	done
	release
	all_said
	let_go
	unplugged "unplugged" sh -c "echo '0 force' >$configfs/unplug"
	mkdir $configfs/a
	check "added at run time" sh -c "echo 1 >$configfs/a/enabled"
	check "it has a node" is "$(nodes)" $((before + 2))
	rmdir $configfs/a
	check "removed, it has none" is "$(nodes)" $((before + 1))
	churn
	check "no node is left of them" is "$(nodes)" $((before + 1))
	umount /sys/kernel/config
	rmmod vgpu_configfs
else
	skip "unplugged through configfs" "this kernel has none"
	unplugged "removed by hand" sh -c "echo 1 >$(pci 0)/remove"
	echo 1 >/sys/bus/pci/rescan
	check "it is back" is "$(nodes)" $((before + 2))
fi

check "vgpu_drm goes" unload
check "and its nodes" is "$(nodes)" "$before"
check "and comes again" ours vgpu_drm
check "then vgpu after it" sh -c "rmmod vgpu_drm && rmmod vgpu"

# More memory than the machine has: what is imported is backed then.
check "a device of a TiB" ours vgpu vram=1048576
ours vgpu_drm
program gem -t resident_is_what_is_backed
program share -t buffer_to_gem -t part_of_a_buffer
unload
rmmod vgpu
rm -rf "$tmp"
echo "1..$TAP_DONE"
finish
