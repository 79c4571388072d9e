#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh DONE BUSY_KO: the tests inside a bed, where VGPU_KO is the module. The first
# DONE tests were reported already.
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
bin=$top/build/selftests/faces
ctl=$top/build/tools/vgpu-ctl/vgpu-ctl
exports=$top/userlib/libnvidia-ml/exports.txt
busy=$2
ko=/tmp/vgpu.ko		# here, so that loading it often reads the host's disk once
cp "$VGPU_KO" $ko || exit 1
. ../lib/tap.sh
. ../lib/program.sh
TAP_DONE=$1

load() { insmod "$ko" "$@" 2>&1; }
unload() { rmmod vgpu; }
bdf() { basename "$(readlink -f "/sys/bus/pci/drivers/vgpu/"*":$(printf %02x "$1").0")"; }
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# node NAME MAJOR MINOR: a character device with this number that everybody may open.
node()
{
	[ -c "/dev/$1" ] && [ "$(stat -c '%t %T %a' "/dev/$1")" = "$(printf '%x %x 666' "$2" "$3")" ]
}

# says FILE PATTERN...: every pattern is on some line of the file.
says()
{
	local file=$1 p
	shift
	for p; do
		grep -qE -- "$p" "$file" || { echo "no line '$p' in $file:"; cat "$file"; return 1; }
	done
}

major() { awk -v n="$1" '$2 == n { print $1 }' /proc/devices; }

unloaded()
{
	check_status 1 "vgpu-ctl without the module: exit status" "$ctl"
	"$ctl" status 2>&1 | grep -q "is the module loaded? try .sudo modprobe vgpu."
	check "vgpu-ctl without the module: what to do" test $? = 0
	tap_program "no module" "$bin/nvml" "$exports" 0
}

pci()
{
	local a f=/tmp/lspci

	a=$(bdf 0)
	lspci -D -vvv -nn -k -s "$a" >$f 2>/dev/null
	check "lspci: class, vendor, driver" says $f "^$a 3D controller \[0302\]: NVIDIA Corporation" \
		"Kernel driver in use: vgpu"
	check "lspci: capabilities" says $f "Power Management version 3" "Express \(v2\) Endpoint" \
		"Vendor Specific Information: ID=7667" "Device Serial Number"
	check "lspci: link" says $f "LnkCap:.*Speed 32GT/s, Width x16" "LnkSta:.*Speed 32GT/s( \(ok\))?, Width x16"
	check_status 1 "lspci: nothing broken" grep -E "!!!|<chain|unassigned|Unknown header|downgraded" $f
	check "driver_override keeps other drivers away" says "/sys/bus/pci/devices/$a/driver_override" "^vgpu$"
	check "the BARs are empty" test "$(head -6 "/sys/bus/pci/devices/$a/resource" | sort -u | wc -l)" = 1
	echo 1 >"/sys/bus/pci/devices/$a/remove"
	check "removed by hand" test ! -e "/sys/bus/pci/devices/$a"
	echo 1 >/sys/bus/pci/rescan
	check "found and bound again" test -e "/sys/bus/pci/drivers/vgpu/$a"
	echo "$a" >/sys/bus/pci/drivers/vgpu/unbind
	check "unbound" test ! -e "/sys/bus/pci/drivers/vgpu/$a"
	echo "$a" >/sys/bus/pci/drivers/vgpu/bind
	check "bound again" test -e "/sys/bus/pci/drivers/vgpu/$a"
}

nvidia_face()
{
	local a

	a=$(bdf 0)
	check "/proc/devices: nvidia and nvidiactl at 195" test "$(major nvidia) $(major nvidiactl)" = "195 195"
	check "/dev/nvidia0" node nvidia0 195 0
	check "/dev/nvidiactl" node nvidiactl 195 255
	check "/dev/nvidia-uvm" node nvidia-uvm "$(major nvidia-uvm)" 0
	check "/dev/nvidia-uvm-tools" node nvidia-uvm-tools "$(major nvidia-uvm)" 1
	check "/dev/vgpu0" node vgpu0 "$(major vgpu)" 0
	check "version" says /proc/driver/nvidia/version "^NVRM version: .* Kernel Module  [0-9]+\.[0-9.]+  "
	check "params" says /proc/driver/nvidia/params "^ModifyDeviceFiles: 0$" "^DeviceFileMode: 438$"
	check "information" says "/proc/driver/nvidia/gpus/$a/information" "^Model: " \
		"^GPU UUID: .*GPU-[0-9a-f]{8}-[0-9a-f]{4}-8" "^Bus Location: .*$a$" "^Device Minor: .*0$"
}

# A node that is open holds the module.
held()
{
	local n

	for n in vgpu0 nvidia0 nvidiactl nvidia-uvm nvidia-uvm-tools; do
		exec 5<"/dev/$n"
		check_status 1 "rmmod while /dev/$n is open" unload
		exec 5<&-
	done
}

status()
{
	local f=/tmp/status a

	a=$(bdf 0)
	"$ctl" >$f
	check "vgpu-ctl: as text" says $f "^GPU 0: vgpu 12.0" "pci +$a \[10de:2bb5\]" "uuid +GPU-" \
		"ISA [0-9]+\.[0-9]+" "capability 12.0, [1-9]" "memory +0 MiB used of [1-9][0-9]* MiB" \
		"utilization +0.0 %" "processes +0"
	"$ctl" status --json >$f
	check "vgpu-ctl: as JSON" "$bin/json" $f "/devices/0/pci/address=$a" /devices/0/pci/id=10de:2bb5 \
		/devices/0/node_open=true /devices/0/index=0 /devices/0/compute_capability=12.0 \
		/devices/0/memory/used=0 /devices/0/utilization_percent=0.0 "/devices/0/processes=[ ]" \
		"/devices/1=(nothing)"
	"$ctl" ps --json >$f
	check "vgpu-ctl ps: as JSON" "$bin/json" $f "/processes=[ ]"
	check "vgpu-ctl ps" test "$("$ctl" ps | wc -l)" = 1
	check "vgpu-ctl events: none" test -z "$("$ctl" events)"
	check_status 2 "vgpu-ctl: an unknown command" "$ctl" nonsense
	check_status 2 "vgpu-ctl: an unknown option" "$ctl" status --nonsense
	chmod 0 /dev/vgpu0 /dev/nvidia0
	as_nobody "$ctl" >$f
	check "vgpu-ctl: a node that may not be opened" says $f "GPU 0: at $a" "sudo chmod a.rw /dev/vgpu0"
	tap_program "denied" as_nobody "$bin/nvml" "$exports" denied
	chmod 666 /dev/vgpu0 /dev/nvidia0
	chmod 711 /dev
	as_nobody "$ctl" status --json >$f
	chmod 755 /dev
	check "a /dev that may not be listed" "$bin/json" $f /devices/0/node_open=true
}

# A context that ends badly is told everywhere alike.
fault()
{
	local f=/tmp/fault pid follower

	"$ctl" events --follow >$f.follow &
	follower=$!
	check "a bad packet ends its context" "$bin/fault"
	pid=$("$bin/fault")
	check "vgpu-ctl events" says <("$ctl" events) "GPU 0: Xid 32: malformed packet, pid $pid"
	"$ctl" events --json | tail -n 1 >$f
	check "vgpu-ctl events: as JSON" "$bin/json" $f /gpu=0 /event=2 /xid=32 "/kind=malformed packet" "/pid=$pid"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(wc -l <$f.follow)" = 2 ] && break
		sleep 0.5
	done
	kill $follower
	wait $follower 2>/dev/null
	check "vgpu-ctl events --follow" says $f.follow "pid $pid"
	check "the kernel log" says <(dmesg) "Xid \(PCI:$(bdf 0 | cut -d. -f1)\): 32, pid=$pid"
	"$ctl" >$f
	check "vgpu-ctl: their number" says $f "2 contexts ended by a fault"
}

# Nothing that would make udev load a driver for the card that it claims to be.
quiet()
{
	"$bin/uevents" insmod "$ko" >/tmp/uevents
	check "a node's uevent is seen" says /tmp/uevents "^add@/.*/nvidia0$"
	check_status 1 "a device's is not" grep -E "^(add|bind)@/devices/pci.*:00\.0$" /tmp/uevents
	unload
}

several()
{
	load gpus=3 model=h100 vram=64 >/dev/null
	check "three devices on the bus" test "$(lspci -D -d 10de:2330 2>/dev/null | wc -l)" = 3
	check "three nodes" node nvidia2 195 2
	check "and no fourth" test ! -e /dev/nvidia3
	check "three in /proc" test "$(find /proc/driver/nvidia/gpus -name information | wc -l)" = 3
	check "three UUIDs" test "$(cat /proc/driver/nvidia/gpus/*/information | grep UUID | sort -u | wc -l)" = 3
	"$ctl" >/tmp/status
	check "vgpu-ctl: three" says /tmp/status "^GPU 2: NVIDIA H100 80GB HBM3" "capability 9.0, 132 multi" "of 64 MiB"
	tap_program "three" "$bin/nvml" "$exports" 3
	unload
}

# profile WANT_ID WANT_CC PARAMETER...
profile()
{
	local id=$1 cc=$2
	shift 2
	load vram=64 "$@" >/dev/null
	check "$*: ids" test "$(lspci -n -D -s "$(bdf 0)" 2>/dev/null | cut -d' ' -f3)" = "10de:$id"
	"$ctl" >/tmp/status
	check "$*: compute capability" says /tmp/status "capability $cc,"
	unload
}

parameters()
{
	profile 1eb8 7.5 cc=7.5
	profile 20b0 8.0 cc=8.0
	profile 2236 8.6 cc=8.6
	profile 27b8 8.9 cc=8.9
	profile 2330 9.0 cc=9.0
	profile 2bb5 12.0 model=rtxpro6000
	load vram=64 model=rtx4090 >/dev/null
	check_status 3 "no memory errors where there is no ECC" "$ctl" inject ecc-double
	check_status 3 "what cannot be written is an error" sh -c "'$ctl' list >/dev/full"
	unload
	check_status 1 "an unknown model" load model=nonsense
	check_status 1 "a compute capability that a model has not" load model=t4 cc=9.0
	check_status 1 "an unknown nvidia_nodes" load nvidia_nodes=perhaps
	check "and nothing is left of those" test ! -e /sys/bus/pci/drivers/vgpu
}

nodes_parameter()
{
	load nvidia_nodes=off >/dev/null
	check "nvidia_nodes=off" test -c /dev/vgpu0 -a ! -e /dev/nvidia0 -a ! -e /proc/driver/nvidia
	tap_program "off" "$bin/nvml" "$exports" 1
	unload
	insmod "$busy"
	load >/dev/null
	check "major 195 in use: left alone" test -c /dev/vgpu0 -a ! -e /dev/nvidia0 -a ! -e /dev/nvidia-uvm
	unload
	check_status 1 "major 195 in use and nvidia_nodes=on: refused" load nvidia_nodes=on
	rmmod busy195
	load nvidia_nodes=on >/dev/null
	check "nvidia_nodes=on" node nvidia0 195 0
	unload
}

# A program with root's rights writes no file that its caller names.
privileged()
{
	install -m 4755 "$bin/nvml" /tmp/privileged
	VGPU_TRACE=/tmp/trace "$bin/nvml" "$exports" 1 >/dev/null
	check "a trace in a file" test -s /tmp/trace
	rm -f /tmp/trace
	as_nobody env VGPU_TRACE=/tmp/trace /tmp/privileged "$exports" 1 >/dev/null
	check "not for a program that has more rights than its caller" test ! -e /tmp/trace
	rm -f /tmp/privileged
}

# Reads everything there is to read of the devices, as fast as it can.
read_all()
{
	while :; do
		cat /sys/bus/pci/drivers/vgpu/*:*/config /proc/driver/nvidia/version \
			/proc/driver/nvidia/gpus/*/information /proc/devices
	done >/dev/null 2>&1
}

# again_and_again TIMES: load and unload.
again_and_again()
{
	local i good=0 times=$1

	read_all &
	for i in $(seq $times); do
		load gpus=$((i % 4 + 1)) >/dev/null && unload && good=$((good + 1))
	done
	kill $!
	wait $! 2>/dev/null
	check "loaded and unloaded $times times under the eyes of a reader" test $good = $times
	check "nothing left of it" test ! -e /dev/nvidia0 -a ! -e /dev/vgpu0 -a ! -e /proc/driver/nvidia \
		-a "$(lspci -d 10de: 2>/dev/null | wc -l)" = 0
}

# What takes and gives memory, for the kernels that watch it and take ten times as long.
chosen()
{
	load >/dev/null || { echo "Bail out! the module does not load"; exit 1; }
	nvidia_face
	held
	tap_program "live" "$bin/live"
	fault
	unload
	several
	check_status 1 "an unknown model" load model=nonsense
	insmod "$busy"
	check_status 1 "major 195 in use and nvidia_nodes=on: refused" load nvidia_nodes=on
	rmmod busy195
	again_and_again 3
}

everything()
{
	unloaded
	load >/dev/null || { echo "Bail out! the module does not load"; exit 1; }
	pci
	nvidia_face
	held
	status
	tap_program "one" "$bin/nvml" "$exports" 1
	tap_program "live" "$bin/live"
	privileged
	fault
	unload
	load >/dev/null
	tap_program "nvml live" "$bin/nvml_live"
	unload
	quiet
	several
	parameters
	nodes_parameter
	# A second each where the processor is emulated.
	if [ "$VGPU_BED" = uml ] || [ -n "${VGPU_TEST_LONG:-}" ]; then
		again_and_again 50
	else
		again_and_again 10
	fi
}

case ${VGPU_KERNEL:-} in
kasan | kcsan) chosen ;;
*) everything ;;
esac
echo "1..$TAP_DONE"
finish
