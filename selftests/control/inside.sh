#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh [PART...]: the tests in a bed, or some of them. PART=chosen: those that another kernel could change. VGPU_KO is the module, CONFIGFS_KO its second one,
# KERNEL_DIR the kernel's folder in the cache.
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
ctl=$top/build/tools/vgpu-ctl/vgpu-ctl
client=$top/build/selftests/control/client
json=$top/build/selftests/faces/json
tmp=$(mktemp -d)
# Seconds that a client may live: emulated and watched by KASAN or KCSAN it starts in a minute.
patience=60
case ${VGPU_KERNEL:-} in kasan | kcsan) patience=300 ;; esac
. ../lib/tap.sh
. ../lib/rmmod.sh
echo "TAP version 13"

load() { insmod "$VGPU_KO" vram=256 "$@"; }
unload() { rmmod vgpu; }

# says TEXT PATTERN: with the text below it if not.
says() { grep -qE -- "$2" <<<"$1" || { echo "no '$2' in:"; echo "$1"; return 1; }; }
is() { [ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }; }
inject() { "$ctl" inject "$@" >/dev/null; }

# begin NAME MODE: a client that is ready, by NAME; its answers come with answer. $within is what runs it, if anything.
begin()
{
	rm -f "$tmp/to" "$tmp/from"
	mkfifo "$tmp/to" "$tmp/from"
	exec 7<>"$tmp/to" 8<>"$tmp/from"
	# shellcheck disable=SC2086
	timeout $patience ${within:-} "$client" "$2" <&7 >&8 2>"$tmp/client.err" &
	client_pid=$!
	answer $patience
	check "$1: a client is at work" is "$word" ready
}
go() { echo >&7; }
answer() { word=nothing; read -r -t "${1:-$((patience / 2))}" word <&8 || word=nothing; }
end() { wait "$client_pid" 2>/dev/null; exec 7>&- 8>&-; }

# broken NAME ERROR XID WHAT...: contexts end; a new one works.
broken()
{
	local name=$1 error=$2 xid=$3
	shift 3
	dmesg -C
	begin "$name" wait
	check "$name: injected" inject "$@"
	go
	answer
	check "$name: the client's call fails" is "$word" "$error"
	answer
	check "$name: so do later ones" is "$word" "$error"
	answer
	check "$name: and asking for memory" is "$word" "$error"
	end
	check "$name: in the log" says "$(dmesg)" "NVRM: Xid \(PCI:[0-9a-f:]+\): $xid, "
	check "$name: vgpu-ctl events" says "$("$ctl" events)" "Xid $xid: "
	check "$name: a new process works" is "$("$client" work)" cudaSuccess
}

xids()
{
	load || return
	broken "Xid 13" cudaErrorLaunchFailure 13 xid 13
	broken "Xid 31" cudaErrorIllegalAddress 31 xid 31
	broken "Xid 109" cudaErrorLaunchTimeout 109 xid 109
	broken "Xid 48" cudaErrorECCUncorrectable 48 ecc-double
	"$ctl" status --json >"$tmp/status"
	check "one uncorrected memory error is counted" "$json" "$tmp/status" /devices/0/ecc/uncorrected=1
	begin "an idle client" idle
	inject xid 45
	go
	answer
	check "an idle client finds out, too" is "$word" cudaErrorLaunchFailure
	end
	check "an Xid that is only a notice" inject xid 63
	check "a notice is in the log" says "$(dmesg)" "Xid .*: 63, "
	begin "a notice" wait
	inject xid 92
	inject ecc-single 5
	go
	answer
	check "a notice or a corrected error ends nothing" is "$word" cudaSuccess
	end
	"$ctl" status --json >"$tmp/status"
	check "five corrected memory errors are counted" "$json" "$tmp/status" /devices/0/ecc/corrected=5
	check_status 2 "an Xid that is none" "$ctl" inject xid nonsense
	check_status 3 "an Xid out of range" "$ctl" inject xid 1000
	check_status 3 "without CAP_SYS_ADMIN" setpriv --bounding-set -sys_admin --reuid 65534 --clear-groups "$ctl" inject xid 13
	unload
}

lost()
{
	local out
	load gpus=2 || return
	begin "off the bus" wait
	check "off the bus: injected" inject -i 0 off-bus
	go
	answer
	check "off the bus: the client's call fails" is "$word" cudaErrorUnknown
	answer
	check "off the bus: so do later ones" is "$word" cudaErrorUnknown
	answer
	check "off the bus: and asking for memory" is "$word" cudaErrorUnknown
	end
	check "off the bus: the log" says "$(dmesg)" "Xid \(PCI:.*\): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus\."
	check "off the bus: config space is all ones" says "$(od -An -tx1 -N4 /sys/bus/pci/drivers/vgpu/*:00.0/config | head -1)" "ff ff ff ff"
	check "off the bus: a new process has one device less" is "$("$client" count)" "1 cudaSuccess"
	check "off the bus: and the other device works" is "$("$client" work)" cudaSuccess
	check "off the bus: list" says "$("$ctl" list)" "GPU 0: .*, lost"
	"$ctl" list --json >"$tmp/list"
	check "off the bus: as JSON" "$json" "$tmp/list" /devices/0/state=lost /devices/1/state=ok
	check "off the bus: doctor" says "$("$ctl" doctor)" "GPU 0 has fallen off the bus"
	check_status 3 "off the bus: no more to inject" "$ctl" inject -i 0 hang
	inject -i 1 off-bus
	check "both off the bus: none is left" is "$("$client" count)" "0 cudaErrorNoDevice"
	check "reset" "$ctl" reset
	check "after reset: two devices" is "$("$client" count)" "2 cudaSuccess"
	check "after reset: they work" is "$("$client" work)" cudaSuccess
	begin "reset with a live context" wait
	check_status 3 "reset with a live context is refused" "$ctl" reset -i 0
	check "and done by force" "$ctl" reset -i 0 --force
	go
	answer
	check "its context has ended" is "$word" cudaErrorUnknown
	end
	# Each with a device that is lost anew. What libcuda does is the same in every kernel: emulated, one of eight calls.
	if [ "${VGPU_BED:-}" = uml ]; then
		out=$(./lost.py "$ctl" 2>"$tmp/lost.err")
		check "off the bus, idle: calls were tried" says "$out" "^calls ([6-9][0-9]|[1-9][0-9]{2})$"
	else
		out=$(./lost.py "$ctl" 8 2>"$tmp/lost.err")
		check "off the bus, idle: calls were tried" says "$out" "^calls [1-9][0-9]$"
	fi
	check "off the bus, idle: whichever is the first fails" says "$out" "^succeeded cuGraphExecDestroy$"
	check "off the bus, idle: with these errors" says "$out" "^errors 100 999$"	# no device for a new context; unknown
	check "thermal: 95 degrees are too many" inject -i 1 thermal 95
	check "thermal: lost" says "$("$ctl" list)" "GPU 1: .*, lost"
	"$ctl" reset >/dev/null
	unload
}

hang()
{
	load gpus=2 || return
	begin "hang" hang
	check "hang: injected" inject -i 0 hang
	go
	answer
	check "hang: the launch is taken" is "$word" cudaSuccess
	answer 2
	check "hang: and does not end" is "$word" nothing
	check "hang: list" says "$("$ctl" list)" "GPU 0: .*, hung"
	check "hang: the other device works" is "$(CUDA_VISIBLE_DEVICES=1 "$client" work)" cudaSuccess
	check "hang: cleared" "$ctl" clear
	answer
	check "hang: now it ends" is "$word" cudaSuccess
	end
	begin "hang" hang
	inject -i 0 hang
	go
	answer
	pkill -9 -x client
	end
	for _ in $(seq 20); do
		[ "$("$ctl" ps | wc -l)" = 1 ] && break
		sleep 0.2
	done
	check "hang: a killed client leaves nothing" is "$("$ctl" ps | wc -l)" 1
	check "hang: reset ends it" "$ctl" reset -i 0
	check "hang: works again" is "$("$client" work)" cudaSuccess
	unload
	load time_limit_ms=1000 || return
	begin "hang, time limit" hang
	inject hang
	go
	answer
	answer
	check "hang, time limit: the client is told" is "$word" cudaErrorLaunchTimeout
	end
	check "hang, time limit: the log" says "$(dmesg)" "Xid \(PCI:[0-9a-f:]+\): 109, pid=[1-9][0-9]*, Context Switch Timeout Error\."
	check "hang, time limit: vgpu-ctl events" says "$("$ctl" events)" "Xid 109: time limit, pid [1-9]"
	unload
}

# faster_of A B: the smaller number
faster_of() { awk "BEGIN { print $1 < $2 ? $1 : $2 }"; }

# longer: work takes device 0 longer than device 1, or says what each took. By turns and the best of each, three at least: a host
# that is busy slows one or the other down, and while it has others to run, what a device rests costs it nothing.
longer()
{
	local first=1e9 second=1e9 i
	for i in $(seq 12); do
		first=$(faster_of "$first" "$("$client" time "$heavy")")
		second=$(faster_of "$second" "$(CUDA_VISIBLE_DEVICES=1 "$client" time "$heavy")")
		[ "$i" -lt 3 ] && continue
		awk "BEGIN { exit !($first > 1.2 * $second) }" && return
	done
	echo "$first ms, the other device $second ms"
	return 1
}

speed()
{
	local before slow other after heavy
	load gpus=2 || return
	before=$("$client" time)
	# Devices rest for whole ticks, of 10 ms in UML: of less work than that nothing would be seen.
	heavy=$(awk "BEGIN { n = int(120 / $before) + 1; print (n > 12 ? 12 : n) }")
	check "slow: injected" inject -i 0 slow 20
	slow=$("$client" time)
	other=$(CUDA_VISIBLE_DEVICES=1 "$client" time)
	echo "# $before ms, $slow ms slowed by 20, the other device $other ms"
	# Wide, for machines that are busy with other things.
	check "slow: at least 6 times as long" awk "BEGIN { exit !($slow > 6 * $before) }"
	check "slow: the other device is not" awk "BEGIN { exit !($other < $slow / 3) }"
	"$ctl" status --json >"$tmp/status"
	check "slow: vgpu-ctl" "$json" "$tmp/status" /devices/0/slow_percent=2000 /devices/1/slow_percent=100
	check "slow: cleared" "$ctl" clear
	check "throttle: injected" inject -i 0 throttle power,thermal
	check "throttle: longer" longer
	check "throttle: vgpu-ctl says why" says "$("$ctl" status)" "throttled.*power.*thermal"
	"$ctl" clear >/dev/null
	check "thermal: injected" inject -i 0 thermal 88
	check "thermal: vgpu-ctl" says "$("$ctl" status)" "88 C"
	check "thermal: longer" longer
	"$ctl" clear >/dev/null
	after=$("$client" time)
	echo "# $after ms afterwards"
	check "cleared: fast again" awk "BEGIN { exit !($after < $slow / 3) }"
	unload
}

every_nth()
{
	local out
	load || return
	check "allocations: injected" inject alloc-fail 3
	out=$("$client" allocs 9)
	check "allocations: every third fails" says "$out" "^(\.\.F)+|^\.(F\.\.)+|^(F\.\.)+"
	check "allocations: as often as it should" is "$(tr -dc F <<<"$out")" FFF
	"$ctl" clear >/dev/null
	check "allocations: cleared" is "$("$client" allocs 6)" ......
	check "launches: injected" inject launch-fail 1
	check "launches: fail" is "$("$client" work)" cudaErrorLaunchFailure
	check "launches: with the kernel's name" says "$("$ctl" events)" "injected, pid [0-9]+, kernel _Z5twice"
	"$ctl" clear >/dev/null
	check "launches: cleared" is "$("$client" work)" cudaSuccess
	unload
}

# The same failures as NVML tells them, to a process of its own.
nvml()
{
	load || return
	rm -f "$tmp/from"
	mkfifo "$tmp/from"
	exec 8<>"$tmp/from"
	timeout 120 ./watch.py >&8 2>"$tmp/watch.err" &
	answer 60
	check "NVML: waits for events" is "$word" ready
	inject xid 45
	answer
	check "NVML: an Xid" is "$word" "event 0x8 45 memory 0"
	inject ecc-single 3
	answer
	check "NVML: a corrected memory error" is "$word" "event 0x1 0 memory 0"
	inject ecc-double
	answer
	check "NVML: an uncorrected memory error" is "$word" "event 0x2 0 memory 0"
	answer
	check "NVML: and its Xid" is "$word" "event 0x8 48 memory 0"
	inject off-bus
	answer
	check "NVML: off the bus, and the GPU is lost" is "$word" "event 0x8 79 memory 15"
	wait $!
	exec 8>&-
	"$ctl" reset >/dev/null
	unload
}

# announces NAME EVENTS LOG ROW WHAT...: an injection as NVML's events, the log and vgpu-ctl tell of it, each to a process
# of its own. EVENTS are TYPE:DATA, and no more than these come.
announces()
{
	local name=$1 events=$2 log=$3 row=$4 e
	shift 4
	dmesg -C
	check "$name: injected" inject "$@"
	for e in $events; do
		answer
		check "$name: NVML event $e" is "$word" "event ${e/:/ } memory 0"
	done
	answer 1
	check "$name: no other NVML event" is "$word" nothing
	check "$name: the log" says "$(dmesg)" "$log"
	check "$name: vgpu-ctl events" says "$("$ctl" events | tail -n 4)" "GPU 0: $row"
}

# says_now NAME PATTERN: what NVML's sensors say
says_now() { check "$1: NVML's sensors" says "$(./watch.py now)" "$2"; }

# What stays until it is taken back, as everybody but CUDA programs sees it (those: hang, speed, every_nth).
staying()
{
	load || return
	rm -f "$tmp/from"
	mkfifo "$tmp/from"
	exec 8<>"$tmp/from"
	timeout 300 ./watch.py >&8 2>"$tmp/watch.err" &
	answer 60
	check "staying: NVML waits for events" is "$word" ready
	says_now "before" "^reasons 0x[01] .* recovery 0"
	announces hang "0x8:154 0x8000:0" "Xid \(PCI:[0-9a-f:]+\): 154, GPU recovery action changed from 0x0 \(None\) to 0x1 \(GPU Reset Required\)" \
		"injected: hang" hang
	check "hang: its Xid in vgpu-ctl events" says "$("$ctl" events)" "Xid 154: GPU recovery action changed to GPU reset required"
	says_now hang "recovery 1"
	announces "hang, clear" "0x8:154 0x8000:0" "154, GPU recovery action changed from 0x1 .* to 0x0 \(None\)" "injected: clear" clear
	says_now "hang, clear" "recovery 0"
	announces slow 0x10:0 "injected: percent of the time that work takes: 400" "injected: slow 4" slow 4
	check "slow: what it does" says "$("$ctl" events)" "work takes 400 % of its time"
	says_now slow "^reasons 0x[89] clock 250 of 1000"
	announces "slow, again" "" "injected: .*: 400" "injected: slow 4" slow 4
	announces "slow, clear" 0x10:0 "injected: clear" "injected: clear" clear
	announces throttle 0x10:0 "injected: throttle reasons: 6" "injected: throttle power,thermal" throttle power,thermal
	says_now throttle "^reasons 0x2[45] clock 500 of 1000"
	announces "throttle, none" 0x10:0 "injected: throttle reasons: none" "injected: throttle none" throttle none
	announces "a little warm" "" "injected: temperature: 70" "injected: thermal 70" thermal 70
	says_now "a little warm" "temperature 70"
	announces thermal 0x10:0 "injected: temperature: 88" "injected: thermal 88" thermal 88
	says_now thermal "^reasons 0x2[89] clock 500 of 1000 temperature 88"
	announces "thermal, clear" 0x10:0 "injected: clear" "injected: clear" clear
	announces alloc-fail "" "injected: one allocation fails in: 3" "injected: alloc-fail 3" alloc-fail 3
	announces launch-fail "" "injected: one launch fails in: 1" "injected: launch-fail 1" launch-fail 1
	"$client" work >/dev/null
	answer
	check "launch-fail: NVML tells of each" is "$word" "event 0x8 13 memory 0"
	check "launch-fail: and the log" says "$(dmesg)" "Xid .*: 13, pid=[0-9]+, injected: kernel '_Z5twice"
	"$ctl" events --json >"$tmp/events"
	check "as JSON" says "$(cat "$tmp/events")" '"injected":"launch-fail 1"'
	check "another user is told, too" says "$(setpriv --reuid 65534 --clear-groups "$ctl" events)" "injected: alloc-fail 3"
	inject clear
	inject off-bus
	answer
	check "staying: off the bus" is "$word" "event 0x8 79 memory 15"
	wait $!
	exec 8>&-
	check "off the bus: a recovery action" says "$(dmesg)" "154, GPU recovery action changed from 0x0 .* to 0x1"
	"$ctl" reset >/dev/null
	check "reset: there is none any more" says "$(dmesg | tail -n 3)" "154, GPU recovery action changed from 0x1 .* to 0x0"
	unload
}

# Each Xid in the log and in vgpu-ctl's words.
xid_words()
{
	local n words bad=0
	load || return
	while IFS='|' read -r n words; do
		dmesg -C
		inject xid "$n"
		says "$(dmesg)" "NVRM: Xid \(PCI:[0-9a-f:]+\): $n, pid='<unknown>', name=<unknown>, $words\.$" &&
			says "$("$ctl" events | grep -v injected | tail -n 2)" "GPU 0: Xid $n: $words$" || bad=$((bad + 1))
		case $n in 79|119|120) "$ctl" reset >/dev/null ;; esac
		sleep 0.8	# the log takes ten in five seconds
	done <<-END
		8|GPU stopped processing
		13|Graphics Engine Exception
		31|GPU memory page fault
		45|Preemptive cleanup, due to previous errors
		48|Double Bit ECC Error
		62|Internal micro-controller halt
		63|GPU memory remapping event
		74|NVLink Error
		79|GPU has fallen off the bus
		92|High single-bit ECC error rate
		94|Contained memory error
		95|Uncontained memory error
		109|Context Switch Timeout Error
		119|GSP RPC Timeout
		120|GSP Error
		999|[Uu]nknown [Ee]rror
	END
	check "Xids have NVIDIA's words" is $bad 0
	check_status 3 "there is no Xid 0" "$ctl" inject xid 0
	unload
}

# A card of 80 GiB on a machine of 2: what is not there cannot be had, and nobody is killed for it.
large()
{
	local out
	insmod "$VGPU_KO" model=h100 || return
	check "claimed: 80 GiB" says "$("$ctl" mem)" "total +81559 MiB"
	check "claimed: and what is not backed" says "$("$ctl" mem)" "not backed"
	dmesg -C
	out=$("$client" fill 64)
	echo "# $out"
	check "memory ends with an error" says "$out" "^[0-9]+ cudaErrorMemoryAllocation"
	check "after a good part of it was had" awk "BEGIN { exit !(${out%% *} >= 10 && ${out%% *} < 32) }"
	check_status 1 "nobody was killed" grep -qiE "out of memory|oom" <(dmesg)
	check "and it is all back" is "$("$client" work)" cudaSuccess
	unload
}

visible()
{
	local uuid
	load gpus=3 || return
	check "all visible" is "$("$client" count)" "3 cudaSuccess"
	check "by index" is "$(CUDA_VISIBLE_DEVICES=2,0 "$client" count)" "2 cudaSuccess"
	uuid=$("$ctl" list | sed -n 's/^GPU 1: .*(UUID: \(GPU-[0-9a-f-]*\)).*/\1/p')
	check "by UUID" is "$(CUDA_VISIBLE_DEVICES=$uuid "$client" count)" "1 cudaSuccess"
	check "none" is "$(CUDA_VISIBLE_DEVICES='' "$client" count)" "0 cudaErrorNoDevice"
	check "no descriptor is free: an error of the system, and only while it is so" is "$(python3 - <<-END
		import ctypes, resource
		cuda, most = ctypes.CDLL("libcuda.so.1"), resource.getrlimit(resource.RLIMIT_NOFILE)
		resource.setrlimit(resource.RLIMIT_NOFILE, (3, most[1]))
		first = cuda.cuInit(0)
		resource.setrlimit(resource.RLIMIT_NOFILE, most)
		print(first, cuda.cuInit(0))
	END
	)" "304 0"
	chmod 0600 /dev/vgpu* /dev/nvidia[0-9]
	chmod 0666 /dev/nvidia1
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	check "who may open only /dev/nvidia1 sees one device" is "$(nobody "$client" count)" "1 cudaSuccess"
	check "and it works" is "$(nobody "$client" work)" cudaSuccess
	check "which is that one" says "$(nobody "$ctl" list)" "GPU 1: .*$uuid"
	chmod 0666 /dev/vgpu* /dev/nvidia[0-9]
	device_rules
	device_program
	unload
}

# Device rules of a cgroup of version 2: a program that the kernel asks at each open.
device_program()
{
	local g=$tmp/cgroup2 rule="$top/build/selftests/control/devrule $tmp/cgroup2/one 195 1"
	mkdir -p "$g"
	if ! mount -t cgroup2 none "$g" 2>/dev/null; then
		skip "device program of a cgroup" "no cgroup v2 in this kernel"
		return
	fi
	mkdir "$g/one"
	if $rule /bin/true 2>"$tmp/rule"; [ $? = 77 ]; then
		skip "device program of a cgroup" "this kernel has no CONFIG_CGROUP_BPF"
	else
		check "device program of a cgroup: one device" is "$($rule "$client" count)" "1 cudaSuccess"
		check "device program of a cgroup: it works" is "$($rule "$client" work)" cudaSuccess
		check "device program of a cgroup: that one" says "$($rule "$ctl" list)" "GPU 1: .*$uuid"
		check_status 1 "device program of a cgroup: root opens no other" $rule /bin/dd if=/dev/nvidia0 count=0
		check "outside of it there are all" is "$("$client" count)" "3 cudaSuccess"
	fi
	rmdir "$g/one"
	umount "$g"
}

# Device rules of a cgroup of version 1, where the kernel still has it.
device_rules()
{
	local g=$tmp/cgroup
	mkdir -p "$g"
	if ! mount -t cgroup -o devices none "$g" 2>/dev/null; then
		skip "device rules of a cgroup" "no cgroup v1 controller for devices in this kernel"
		return
	fi
	mkdir "$g/one"
	echo a >"$g/one/devices.deny"
	echo "c 1:* rwm" >"$g/one/devices.allow"	# null, zero, random
	echo "c 195:1 rwm" >"$g/one/devices.allow"
	check "device rules of a cgroup: one device" is \
		"$(sh -c "echo \$\$ >$g/one/cgroup.procs; exec '$client' count")" "1 cudaSuccess"
	rmdir "$g/one"
	umount "$g"
}

# configfs as a module needs its own, from the kernel's package.
load_configfs()
{
	[ -d /sys/kernel/config ] || [ ! -d "$KERNEL_DIR/root" ] || modprobe -d "$KERNEL_DIR/root" -S "$(uname -r)" configfs || return 1
	insmod "$CONFIGFS_KO" && mount -t configfs none /sys/kernel/config
}

runtime()
{
	local dir=/sys/kernel/config/vgpu
	load || return
	if ! load_configfs 2>"$tmp/configfs"; then
		check "without configfs the second module does not load" says "$(cat "$tmp/configfs")" "insmod|modprobe"
		skip "devices at run time" "this kernel has no configfs"
		unload
		return
	fi
	check_status 1 "vgpu.ko is held by its second module" rmmod vgpu
	check "add" is "$("$ctl" add t4)" "added GPU 1"
	check "its nodes" test -c /dev/vgpu1 -a -c /dev/nvidia1
	check "on the bus" is "$(lspci -n -d 10de:1eb8 2>/dev/null | wc -l)" 1
	check "in /proc" says "$(cat /proc/driver/nvidia/gpus/*/information)" "Tesla T4"
	check "a program uses it" is "$(CUDA_VISIBLE_DEVICES=1 "$client" work)" cudaSuccess
	check "one more, where it is wanted" is "$("$ctl" add --index 5 --memory 128 h100)" "added GPU 5"
	check "with that memory" says "$("$ctl" mem -i 5)" "total +128 MiB"
	check_status 3 "not twice" "$ctl" add --index 5
	check_status 3 "an unknown model" "$ctl" add nonsense
	mkdir $dir/mine
	check_status 1 "an unknown model through configfs" sh -c "echo nonsense >$dir/mine/model"
	echo a10 >$dir/mine/model
	echo 1 >$dir/mine/enabled
	check "by hand" is "$(cat $dir/mine/index)" 2
	check_status 1 "what is enabled is not changed" sh -c "echo 64 >$dir/mine/memory_mib"
	check "four devices" is "$("$client" count)" "4 cudaSuccess"
	export CUDA_VISIBLE_DEVICES=1
	begin "in use" wait
	unset CUDA_VISIBLE_DEVICES
	check_status 3 "in use: not removed" "$ctl" remove 1
	check "in use: removed by force" "$ctl" remove --force 1
	check "in use: the node is gone" test ! -e /dev/vgpu1 -a ! -e /dev/nvidia1
	go
	answer
	check "in use: the client is told" is "$word" cudaErrorUnknown
	end
	removed_under_nvml
	check "a removed number is free again" is "$("$ctl" add rtx4090)" "added GPU 1"
	check "and works" is "$(CUDA_VISIBLE_DEVICES=1 "$client" work)" cudaSuccess
	rmdir $dir/mine
	check "its directory removed, it is gone" test ! -e /dev/vgpu2
	check "a device made at load" "$ctl" remove 0
	check "is gone" test ! -e /dev/vgpu0
	check_status 1 "what is not there" "$ctl" remove 9
	check_status 2 "a number that no device can have" "$ctl" add -n 99
	check "and which it can have" says "$("$ctl" add -n 99 2>&1)" "the number of a GPU is 0 to 15"
	churn
	"$ctl" remove 1 >/dev/null
	"$ctl" remove 5 >/dev/null
	check "all gone: doctor" says "$("$ctl" doctor)" "there is no device"
	umount /sys/kernel/config
	rmmod vgpu_configfs
	unload
	from_the_tree
}

# make load and make unload have what add needs with them.
from_the_tree()
{
	local native=$top/tools/vm/native.sh
	check "make load" "$native" load "${CONFIGFS_KO%/*}/vgpu.ko" vram=256
	check "make load: add" is "$("$ctl" add t4)" "added GPU 1"
	check_status 1 "make unload is refused while an added device is there" "$native" unload
	check "and takes nothing away" test -c /dev/vgpu1 -a -d /sys/module/vgpu_configfs
	check "and says why" says "$("$native" unload 2>&1)" "vgpu-ctl remove"
	check "make load: remove" "$ctl" remove 1
	exec 9</dev/vgpu0
	check_status 1 "make unload is refused while a device is open" "$native" unload
	check "and takes nothing away then, either" test -d /sys/module/vgpu_configfs
	exec 9<&-
	check "make unload" "$native" unload
	check "nothing of it is left" test ! -d /sys/module/vgpu -a ! -d /sys/module/vgpu_configfs
	umount /sys/kernel/config
}

# A set of events that has a device which is removed tells of it once, and does not spin.
removed_under_nvml()
{
	check "for NVML: a device" is "$("$ctl" add --index 1)" "added GPU 1"
	rm -f "$tmp/from"
	mkfifo "$tmp/from"
	exec 8<>"$tmp/from"
	timeout 120 ./watch.py gone 1 >&8 &
	answer 60
	check "NVML waits for a device to go" is "$word" ready
	check "it is removed" "$ctl" remove --force 1
	answer 60
	check "NVML says once that it is lost, and waits on" is "$word" "few waits 1 lost"
	wait $!
	exec 8>&-
}

# Coming and going under the eyes of clients and readers.
churn()
{
	local i good=0 reader
	( while :; do cat /sys/bus/pci/drivers/vgpu/*:*/config /proc/driver/nvidia/gpus/*/information; "$ctl" list; done >/dev/null 2>&1 ) &
	reader=$!
	for i in $(seq 10); do
		"$ctl" add --index 3 >/dev/null || break
		CUDA_VISIBLE_DEVICES=1 "$client" work >/dev/null 2>&1 &
		"$ctl" remove --force 3 >/dev/null && good=$((good + 1))
	done
	kill $reader
	wait $! 2>/dev/null
	check "added and removed ten times" is $good 10
}

# hand SLOT: removes that function as often as it is there and bound. Writers of one file and who rescans, all at once.
hand()
{
	local address=${function##*/}
	while :; do
		echo 1 >"/sys/bus/pci/drivers/vgpu/${address%0.0}$1.0/remove" && echo >>"$tmp/hands"
		read -r -t 0.02 <&9	# a pause: a writer holds the module
	done 2>/dev/null &
	hands+=($!)
}

# Functions are removed by hand and found again while their device goes and comes, with the module and through configfs. Whoever
# comes second finds the function gone. (PCI's own "remove" used it after it was freed, which kasan shows.)
by_hand()
{
	local dir=/sys/kernel/config/vgpu i good=0 loads=20 adds=40 hands=() function
	[ "${VGPU_BED:-}" = uml ] || loads=5	# a second each
	load || return
	function=$(readlink -f /sys/bus/pci/drivers/vgpu/*:*)
	: >"$tmp/hands"
	mkfifo "$tmp/never"
	exec 9<>"$tmp/never"
	for i in 0 0 3 3; do
		hand $i
	done
	while :; do
		echo 1 >/sys/bus/pci/rescan
		read -r -t 0.01 <&9
	done &
	hands+=($!)
	for i in $(seq $loads); do
		rmmod_within 100 vgpu && load && good=$((good + 1))	# a writer may hold it
	done
	check "removed by hand: the module goes and comes $loads times meanwhile" is $good $loads
	if load_configfs 2>"$tmp/configfs"; then
		good=0
		for i in $(seq $adds); do
			mkdir $dir/b && echo 3 >$dir/b/index && echo 1 >$dir/b/enabled && rmdir $dir/b && good=$((good + 1))
		done
		check "removed by hand: so does a device $adds times" is $good $adds
		umount /sys/kernel/config
		rmmod vgpu_configfs
	else
		skip "removed by hand: so does a device" "this kernel has no configfs"
	fi
	kill "${hands[@]}"
	wait "${hands[@]}" 2>/dev/null
	exec 9>&-
	echo "# removed by hand $(wc -l <"$tmp/hands") times"
	check "removed by hand: it was, often" test "$(wc -l <"$tmp/hands")" -ge $loads
	echo 1 >/sys/bus/pci/rescan
	check "removed by hand: found again" test -e "$function"
	check "removed by hand: what is no number is refused" bash -c "echo yes 2>&1 >$function/remove | grep -q Invalid"
	echo 0 >"$function/remove"
	check "removed by hand: not by a 0" test -e "$function"
	check "removed by hand: only root may" is "$(stat -c %a "$function/remove")" 220
	unload
}

# lines FILE: each line is an object of one of trace's three kinds, with its members.
trace_lines()
{
	python3 - "$1" <<-'EOF'
	import json, sys
	members = {"call": {"pid", "tid", "call", "result", "duration_us"}, "device": {"event", "gpu", "pid"}, "text": {"text"}}
	kinds = set()
	for line in open(sys.argv[1]):
	    o = json.loads(line)
	    kinds.add(o["record"])
	    if not {"seconds"} | members[o["record"]] <= set(o) or not 0 <= o["seconds"] < 1000:
	        sys.exit(f"members are missing: {line}")
	print(*sorted(kinds))
	EOF
}

tracing()
{
	local out
	load || return
	out=$("$ctl" trace -o "$tmp/trace" "$client" work)
	check "trace a command: its own output is alone" is "$out" cudaSuccess
	check "trace a command: calls" says "$(cat "$tmp/trace")" "^ +[0-9.]+ \[[0-9]+\] cuMemAlloc_v2 = CUDA_SUCCESS \([0-9]+ us\)"
	out=$("$ctl" trace "$client" work 2>"$tmp/trace")
	check "trace a command: on standard error" is "$out,$(grep -c "cuMemAlloc_v2 = CUDA_SUCCESS" "$tmp/trace")" cudaSuccess,1
	"$ctl" trace --json -o "$tmp/trace" "$client" work >"$tmp/out"
	check "trace a command: as JSON" says "$(trace_lines "$tmp/trace")" "call"
	check "trace a command: a call as JSON" says "$(cat "$tmp/trace")" '"call":"cuMemAlloc_v2","result":"CUDA_SUCCESS","duration_us":[0-9]'
	check "trace a command that uses no GPU: says so" says "$("$ctl" trace true 2>&1)" "true called nothing of our libcuda"
	check_status 2 "trace without what" "$ctl" trace
	check_status 3 "trace into a file that cannot be" "$ctl" trace -o /nowhere/file true
	check_status 7 "trace: the command's status" "$ctl" trace -o "$tmp/trace" sh -c "exit 7"
	check_status 143 "trace: ended with the command" timeout --preserve-status -s TERM 2 "$ctl" trace sleep 50
	check_status 3 "trace a process that is not" "$ctl" trace 99999999
	if [ ! -d /sys/kernel/tracing ]; then
		check "trace a process: what is missing" says "$("$ctl" trace $$ 2>&1)" "this kernel has no tracing"
		skip "tracepoints" "this kernel has no tracing"
		unload
		return
	fi
	umount /sys/kernel/tracing 2>/dev/null
	out=$(setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin "$ctl" trace $$ 2>&1)
	check "trace a process: what to type without tracefs" says "$out" "sudo mount -t tracefs none /sys/kernel/tracing"
	if [ "$(setpriv --reuid 65534 --clear-groups "$ctl" trace $$ 2>&1 | grep -c sudo)" = 1 ]; then
		ok "trace a process: needs root"
	else
		not_ok "trace a process: needs root"
	fi
	mount -t tracefs none /sys/kernel/tracing
	# With the names of commands, events patch __schedule(): seen once, an emulated processor met the old breakpoint for ever.
	echo 0 >/sys/kernel/tracing/options/record-cmd
	check "trace a process: where not, in a container" says \
		"$(unshare -pf --mount-proc "$ctl" trace 1 2>&1)" "a container.*run vgpu-ctl on the host"
	check "four tracepoints" is "$(cd /sys/kernel/tracing/events/vgpu && echo */format | wc -w)" 4
	trace_devices
	trace_a_process
	trace_killed
	echo 1 >/sys/kernel/tracing/events/vgpu/vgpu_fault/enable
	inject xid 31
	check "the tracepoint of faults" says "$(cat /sys/kernel/tracing/trace)" "vgpu_fault: gpu=0 .*xid=31"
	echo 0 >/sys/kernel/tracing/events/vgpu/vgpu_fault/enable
	unload
}

nothing_left() { [ -z "$(ls /sys/kernel/tracing/instances)" ] && [ -z "$(cat /sys/kernel/tracing/uprobe_events 2>/dev/null)" ]; }

# What a command's children have the device do, and nobody else.
trace_devices()
{
	begin "another process" busy
	"$ctl" trace -o "$tmp/trace" sh -c "'$client' work; true" >/dev/null
	check "trace a command: launches on the device" says "$(cat "$tmp/trace")" "device: end .*name=_Z5twice.*complete=1"
	check "trace a command: and only its own" is "$(grep -o "device: .* pid=[0-9]*" "$tmp/trace" | sed 's/.*pid=//' | sort -u | wc -l)" 1
	go
	answer
	end
	"$ctl" trace --json -o "$tmp/trace" "$client" work >"$tmp/out"
	check "trace a command: both as JSON" says "$(trace_lines "$tmp/trace")" "call device"
	check "trace a command: a launch as JSON" says "$(cat "$tmp/trace")" \
		'"event":"end","complete":1,"worker_ns":[0-9]+,"ns":[0-9]+,"name":"_Z5twicePii","gpu":0,"pid":[0-9]+,'
	check "nothing is left of it" nothing_left
}

# trace_wait: until its uprobes are set, one after another; without uprobes there is nothing to wait for.
trace_wait()
{
	for _ in $(seq $((2 * patience))); do
		sleep 0.5
		[ ! -e /sys/kernel/tracing/uprobe_events ] ||
			[ "$(cat /sys/kernel/tracing/instances/vgpuctl*/events/vgpuctl*/enable 2>/dev/null)" = 1 ] && break
	done
	sleep 1
}

# One of a pid namespace of its own, as in a container.
trace_a_process()
{
	local pid patience=$((patience * 2)) within="unshare -pf --kill-child --mount-proc"
	begin "trace a process" wait
	pid=$(pgrep -P "$(pgrep -P "$client_pid" -x unshare)" -x client)
	timeout -s INT $patience "$ctl" trace "$pid" >"$tmp/trace" 2>"$tmp/trace.err" &
	trace_wait
	go
	answer
	end
	wait $!
	check "trace a process: submit" says "$(cat "$tmp/trace")" "device: submit .*pid=$pid .*type=launch"
	check "trace a process: start" says "$(cat "$tmp/trace")" "device: start .*name=_Z5twice"
	check "trace a process: end" says "$(cat "$tmp/trace")" "device: end .*name=_Z5twice.*complete=1"
	if [ -e /sys/kernel/tracing/uprobe_events ]; then
		check "trace a process: calls" says "$(cat "$tmp/trace")" "cuMemAlloc_v2 = CUDA_SUCCESS"
	fi
	check "nothing is left of it" nothing_left
}

# A tracer that could not clean up: the next one does.
trace_killed()
{
	local tracer patience=$((patience * 2))
	begin "a tracer that is killed" wait
	"$ctl" trace "$(pgrep -P "$client_pid" -x client)" >/dev/null 2>&1 &
	tracer=$!
	trace_wait
	mkdir /sys/kernel/tracing/instances/other
	"$ctl" trace -o /dev/null true
	check "a tracer that lives is left alone" test -d "/sys/kernel/tracing/instances/vgpuctl$tracer"
	kill -9 $tracer
	wait $tracer 2>/dev/null
	check_status 1 "a tracer that is killed leaves something" nothing_left
	# As of one that was killed while it took them away.
	[ ! -e /sys/kernel/tracing/uprobe_events ] || echo "p:vgpuctl4000001/left /bin/true:0x0" >>/sys/kernel/tracing/uprobe_events
	"$ctl" trace -o /dev/null true
	check "somebody else's instance is not ours to remove" rmdir /sys/kernel/tracing/instances/other
	check "the next one has taken it away" nothing_left
	go
	answer
	end
}

doctor()
{
	local out
	out=$("$ctl" doctor)
	check "doctor without the module" says "$out" "BAD +module +vgpu is not loaded"
	check "doctor: what to type" says "$out" "sudo modprobe vgpu"
	load gpus=1 || return
	out=$("$ctl" doctor)
	check_status 0 "doctor: all is well" "$ctl" doctor
	check "doctor: the library is ours" says "$out" "libcuda.so.1 is ours: .*/libcuda.so"
	mv /dev/nvidia0 "$tmp/nvidia0"
	check "doctor: a node of NVIDIA's that is not there" says "$("$ctl" doctor)" "BAD +nodes +/dev/nvidia0 is not there"
	mv "$tmp/nvidia0" /dev/nvidia0
	check "doctor: Ollama" says "$out" "compute capability 12.0 .* are what its CUDA 13 backend accepts"
	"$ctl" doctor --json >"$tmp/doctor"
	check "doctor: as JSON" "$json" "$tmp/doctor" /checks/0/check=module /checks/0/ok=true
	mkdir "$tmp/other"
	cp /lib/x86_64-linux-gnu/libm.so.6 "$tmp/other/libcuda.so.1"
	check "doctor: another's library in front" says "$(LD_LIBRARY_PATH=$tmp/other "$ctl" doctor)" \
		"libcuda.so.1 is somebody else's"
	begin "doctor PID" wait
	out=$("$ctl" doctor "$(pgrep -x client)")
	check "doctor PID: its library" says "$out" "has loaded our .*/libcuda.so"
	check "doctor PID: on the GPU" says "$out" "client has 1 context on GPU 0, .* 1 kernels completed"
	go
	end
	check_status 3 "doctor PID: a process that is not" "$ctl" doctor 4000000
	check "doctor PID: says only that" is "$("$ctl" doctor 4000000 | grep -c "process")" 1
	check "doctor PID: in these words" says "$("$ctl" doctor 4000000)" "there is no process 4000000"
	check_status 3 "doctor PID: one that is not on it" "$ctl" doctor $$
	check "doctor PID: says so" says "$("$ctl" doctor $$)" "has not loaded any libcuda"
	unload
}

# told STATUS TEXT COMMAND...: vgpu-ctl's status and words, and the same as JSON.
told()
{
	local status=$1 text=$2 got
	shift 2
	got=$("$ctl" "$@" 2>&1)
	[ $? = "$status" ] || { echo "status $?: $got"; return 1; }
	says "$got" "$text" || return
	"$ctl" "$@" --json >"$tmp/error" 2>"$tmp/error.err"
	[ $? = "$status" ] || { echo "--json: another status"; return 1; }
	[ ! -s "$tmp/error.err" ] || { cat "$tmp/error.err"; return 1; }
	python3 - "$status" "$text" "$tmp/error" <<-'EOF'
	import json, re, sys
	error = json.load(open(sys.argv[3]))["error"]
	if set(error) != {"status", "text"} or error["status"] != int(sys.argv[1]) or not re.search(sys.argv[2], error["text"]):
	    sys.exit(f"another error: {error}")
	EOF
}

# The same words, status and object from every command.
errors()
{
	local c page help all="status list ps mem topology top events cdi reset clear inject,hang"
	for c in $all add remove,0 "trace,$$"; do
		# shellcheck disable=SC2086
		check "${c%%,*} without the module" told 1 "is the module loaded. try .sudo modprobe vgpu" ${c//,/ }
	done
	check "vgpu-ctl --json without the module" is "$("$ctl" --json; echo $?)" "$("$ctl" status --json; echo $?)"
	check "--json before the command" is "$("$ctl" --json list; echo $?)" "$("$ctl" list --json; echo $?)"
	check "a command that is not" told 2 "no command 'nonsense'" nonsense
	check "an option that is not" is "$("$ctl" list --json --nonsense 2>/dev/null)" \
		'{"error":{"status":2,"text":"the command line is wrong; standard error says how"}}'
	page=$(sed -n '/^EXIT STATUS$/,/^SEE ALSO$/p' "$top/Documentation/vgpu-ctl.rst" | tr -d '*' |
		awk '/^[0-9]+$/ { n = $0; getline; sub(/^ +/, ""); print n, $0 }')
	help=$("$ctl" --help | sed -n '/^Exit status:/,$p' | awk '/^  [0-9]/ { if (n) print l; n = 1; l = $0; next } n { l = l " " $0 } END { print l }' |
		sed 's/^ *//; s/  */ /g')
	check "the statuses on the man page are those of the code" is "$page" "$help"
	check "cache warm: no PTX" told 3 "/etc/passwd: .*error" cache warm /etc/passwd
	check "cache warm: no kernels" told 3 "/bin/true: there is no kernel in it" cache warm /bin/true
	check "cache warm: no file" told 3 "/etc is no file" cache warm /etc
	load gpus=0 || return
	for c in $all; do
		# shellcheck disable=SC2086
		check "${c%%,*} without a device" told 1 "the module is loaded and has none; try .sudo vgpu-ctl add" ${c//,/ }
	done
	unload
	load gpus=16 vram=16 || return
	for c in list,-i,77 mem,-i,77 top,-i,77 reset,-i,77 clear,-i,77 inject,-i,77,hang; do
		# shellcheck disable=SC2086
		check "${c%%,*} of a device that is not there" told 1 "no GPU is called 77; .vgpu-ctl list." ${c//,/ }
	done
	page=$("$ctl" list | sed -n 's/.*(UUID: \(GPU-.\).*/\1/p' | sort | uniq -d | head -n 1)
	for c in list,-i mem,-i reset,-i clear,-i inject,hang,-i; do
		# shellcheck disable=SC2086
		check "${c%%,*}: the beginning of several UUIDs is none's name" told 3 "$page is the beginning of [0-9]+ GPUs' UUIDs" ${c//,/ } "$page"
	done
	unload
	shut
}

# Nodes that may not be opened: what is missing and what to type, never silence.
shut()
{
	local c
	load gpus=2 || return
	chmod 0600 /dev/vgpu? /dev/nvidia?
	cp "$ctl" "$tmp/vgpu-ctl"	# where another user can reach it
	chmod 755 "$tmp"
	local ctl="setpriv --reuid 65534 --regid 65534 --clear-groups $tmp/vgpu-ctl"
	for c in status list ps mem top events cdi; do
		check_status 3 "$c: nodes that only root may open" $ctl $c --json
		check "$c: what to type" says "$($ctl $c --json | tr -d '\n')" \
			'"error":.*GPU 0: /dev/vgpu0 cannot be opened .Permission denied.; try: sudo chmod a.rw /dev/vgpu0'
	done
	check "doctor: nodes that only root may open" says "$($ctl doctor)" "sudo chmod a.rw /dev/vgpu0"
	chgrp video /dev/vgpu?
	chmod 0660 /dev/vgpu?
	check "list: nodes of a group's" says "$($ctl list 2>&1)" "sudo usermod -aG video"
	rm /dev/vgpu? /dev/nvidia?
	check "list: nodes that are not there" says "$($ctl list 2>&1)" "/dev/vgpu1 does not exist"
	unload
}

commands()
{
	local c
	check_status 1 "list without the module" "$ctl" list
	check "model list" says "$("$ctl" model list)" "^h100 +9.0"
	check "at least a dozen cards" test "$("$ctl" model list | grep -cE 'NVIDIA|Tesla')" -ge 12
	"$ctl" model show h100 --json >"$tmp/model"
	check "model show" "$json" "$tmp/model" /multiprocessors=132 /memory=85520809984 /pci_id=10de:2330 \
		/pci_subsystem=10de:16c1 /threads_per_multiprocessor=2048 /shared_per_block_optin=232448 /fp32_per_fp64=2
	check "model show: limits" says "$("$ctl" model show h200)" "subsystem 10de:18bf"
	check "model show: limits of the generic device" says "$("$ctl" model show generic-12.0)" "48 KiB of shared memory, 227 by opting in"
	check_status 3 "model show: an unknown one" "$ctl" model show nonsense
	load gpus=2 || return
	for c in status list ps mem topology; do
		"$ctl" $c --json >"$tmp/json"
		check "$c --json is JSON" "$json" "$tmp/json"
		check "$c" "$ctl" $c
	done
	check "topology" says "$("$ctl" topology)" "^GPU0 +X +PHB"
	check "one device by number" is "$("$ctl" list -i 1 | wc -l)" 1
	check_status 1 "a device that is not there" "$ctl" list -i 7
	check_status 2 "nothing to inject" "$ctl" inject nonsense
	"$ctl" cdi >"$tmp/cdi"
	check "cdi" "$json" "$tmp/cdi" /cdiVersion=0.6.0 /kind=nvidia.com/gpu /devices/0/name=0 \
		/devices/0/containerEdits/deviceNodes/0/path=/dev/nvidia0 \
		/containerEdits/mounts/0/containerPath=/usr/lib/x86_64-linux-gnu/libcuda.so.1
	ln -sf "$tmp/cdi" "$tmp/cdi.link"
	echo nonsense >"$tmp/cdi"
	check "cdi: into a file, by a link" "$ctl" cdi -o "$tmp/cdi.link"
	check "cdi: which stays one" test -L "$tmp/cdi.link" -a "$(stat -c %a "$tmp/cdi")" = 644
	check "cdi: and is whole" "$json" "$tmp/cdi" /kind=nvidia.com/gpu
	check_status 3 "cdi: a full disk" "$ctl" cdi -o /dev/full
	check "cdi: says why" says "$("$ctl" cdi -o /nowhere/cdi.json 2>&1)" "cannot write /nowhere/cdi.json: No such file or directory"
	check_status 0 "cdi: no half files beside it" test "$(echo "$tmp"/cdi*)" = "$tmp/cdi $tmp/cdi.link"
	check_status 3 "top without a terminal" "$ctl" top
	if command -v script >/dev/null; then
		(sleep 3; printf q) | TERM=xterm timeout 20 script -qec "stty rows 24 cols 100; '$ctl' top" /dev/null >"$tmp/top"
		check "top: devices" grep -q "GPU 1: " "$tmp/top"
		check "top: the processes' heading" grep -q "WORKERS" "$tmp/top"
	fi
	unload
}

# completed WORD...: what bash offers for the last one, a line each.
completed()
{
	(
		. "$top/tools/vgpu-ctl/completion.bash"
		COMP_WORDS=(vgpu-ctl "$@")
		COMP_CWORD=$#
		_vgpu_ctl
		printf '%s\n' "${COMPREPLY[@]}" | sort
	)
}

# The completion against what the commands say of themselves, so that none is forgotten.
completion()
{
	local c words table PATH=${ctl%/*}:$PATH
	table=$(sed -n 's/^\t{ "\([a-z]*\)", cmd_.*/\1/p' "$top/tools/vgpu-ctl/main.c" | sort)
	check "completion: there are commands" test "$(wc -l <<<"$table")" -ge 17
	check "completion: every command" is "$(completed "")" "$table"
	check "--help: every command" is "$("$ctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort -u)" "$table"
	for c in $table; do
		words=$("$ctl" "$c" --help | grep -oE -- '--[a-z]+' | grep -vxE -- '--(usage|version)' | sort -u)
		[[ $words == *--help* ]] || words=$(printf '%s\n--help' "$words" | sort)
		check "completion: every option of $c" is "$(completed "$c" --)" "$words"
		check "man page: every option of $c" man_page_has "$c" "$words"
	done
	check "completion: every failure to inject" is "$(completed inject "")" \
		"$("$ctl" inject --help | sed -n '/^What:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort)"
	check "completion: every model" is "$(completed model show "")" "$("$ctl" model list | awk 'NR > 1 { print $1 }' | sort)"
	check "completion: a model to add" is "$(completed add h1)" h100
	check "completion: what the cache can" is "$(completed cache "" | tr '\n' ' ')" "clear show warm "
	check "completion: a library to warm" is "$(completed cache warm "$PWD/insi")" "$PWD/inside.sh"
	check "completion: one more, behind options" is "$(completed cache --json warm --cc 9.0 x "$PWD/insi")" "$PWD/inside.sh"
	check "completion: a file to write" is "$(completed cdi --output "$PWD/insi")" "$PWD/inside.sh"
	check "completion: a process" says "$(completed doctor "$$")" "^$$\$"
	check "completion: a process to trace" says "$(completed trace "$$")" "^$$\$"
	check "completion: a command to trace" says "$(completed trace -o x setpri)" "^setpriv\$"
	check "completion: a command by its path" says "$(completed trace /usr/bin/setpri)" "^/usr/bin/setpriv\$"
	check "completion: its arguments" is "$(completed trace --json cat "$PWD/insi")" "$PWD/inside.sh"
	load gpus=2 || return
	check "completion: devices" is "$(completed list -i "" | tr '\n' ' ')" "0 1 "
	check "completion: a device to remove" is "$(completed remove "" | tr '\n' ' ')" "0 1 "
	unload
}

man_page_has()
{
	local option
	for option in $2; do
		[ "$option" = --help ] || grep -q -- "\*\*$option\*\*" "$top/Documentation/vgpu-ctl.rst" || { echo "$1: no $option"; return 1; }
	done
}

# What every command says of a process while it computes, and of the device.
busy()
{
	local pid out first second patience=$((patience * 3))
	load gpus=2 || return
	begin "busy" busy
	pid=$(pgrep -x client)
	out=$("$ctl" status)
	check "busy: utilization" says "$out" "utilization +(100|[3-9][0-9])\.[0-9] %"
	check "busy: memory" says "$out" "memory +([89]|1[0-9]) MiB used of 256 MiB"
	check "busy: the process" says "$out" "^ +$pid +client +([89]|1[0-9]) MiB +[1-9][0-9]* kernels"
	check "busy: the other device is not" says "$(sed -n '/^GPU 1/,$p' <<<"$out")" "utilization +0\.0 %"
	"$ctl" status --json >"$tmp/status"
	check "busy: as JSON" "$json" "$tmp/status" "/devices/0/processes/0/pid=$pid" "/devices/0/processes/0/name=client" \
		/devices/1/utilization_percent=0.0 "/devices/1/processes=[ ]"
	check "busy: utilization as JSON" says "$(sed -n 's/.*"utilization_percent":\([0-9.]*\).*/\1/p' "$tmp/status" | head -n 1)" \
		"^(100|[3-9][0-9])\."
	first=$("$ctl" ps | awk -v p="$pid" '$2 == p { print $9 }')
	sleep 1
	second=$("$ctl" ps | awk -v p="$pid" '$2 == p { print $9 }')
	check "busy: ps counts its kernels" test "${first:-0}" -gt 0 -a "${second:-0}" -gt "${first:-0}"
	"$ctl" ps --json >"$tmp/ps"
	check "busy: ps as JSON" "$json" "$tmp/ps" "/processes/0/pid=$pid" /processes/0/gpu=0 /processes/0/contexts=1 \
		"/processes/1=(nothing)"
	check "busy: mem" says "$("$ctl" mem -i 0)" "used +([89]|1[0-9]) MiB"
	if command -v tmux >/dev/null; then
		TERM=xterm tmux -L control new-session -d -x 100 -y 24 "'$ctl' top"
		sleep 4
		tmux -L control capture-pane -p >"$tmp/top"
		tmux -L control kill-server
		check "busy: top, the device" says "$(cat "$tmp/top")" "util\[\|{5,} *\] +(100|[3-9][0-9])\.[0-9] %"
		check "busy: top, the process" says "$(cat "$tmp/top")" "^ +0 +$pid +client +(100|[1-9][0-9])\.[0-9] %"
	else
		skip "busy: top" "there is no tmux"
	fi
	timeout -s INT 4 "$ctl" top --json >"$tmp/top"
	tail -n 1 "$tmp/top" >"$tmp/line"
	check "busy: top as JSON, a line each second" test "$(wc -l <"$tmp/top")" -ge 2
	check "busy: the process in it" "$json" "$tmp/line" "/devices/0/processes/0/pid=$pid" /devices/1/gpu=1 "/devices/1/processes=[ ]"
	check "busy: and its share" says "$(cat "$tmp/line")" '"pid":'"$pid"',.*"workers_percent":(100|[1-9][0-9])\.'
	go
	answer
	check "busy: the client ends well" is "$word" cudaSuccess
	end
	out=$("$ctl" status)
	check "busy: nothing of it is left" says "$(sed '/^GPU 1/,$d' <<<"$out")" "processes +0"
	check_status 1 "nor utilization" grep -qE "utilization +[1-9]" <<<"$out"
	unload
}

cp "$client" "$tmp/client"	# a name of its own for pgrep
client=$tmp/client
all="commands busy doctor xids lost hang speed every_nth nvml staying xid_words large visible runtime by_hand tracing"
case ${VGPU_KERNEL:-} in
kasan | kcsan) all="xids lost hang every_nth staying runtime by_hand tracing" ;;
6.*) ;;	# commands' words are the same in every kernel, and hundreds of programs: minutes in an emulator
*) all="errors completion $all" ;;
esac
[ "${PART:-}" != chosen ] || all="xids lost hang every_nth visible runtime by_hand tracing"
parts=${*:-$all}
for part in $parts; do
	echo "# $part"
	$part
done
rm -rf "$tmp"
echo "1..$TAP_DONE"
finish
