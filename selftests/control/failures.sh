# SPDX-License-Identifier: MIT
# For inside.sh: failures on request, as CUDA programs, NVML, the log and vgpu-ctl see them.
# shellcheck shell=bash

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
	check "thermal: what is lost is not brought back by clear, which says so" says "$("$ctl" clear -i 1)" "^GPU 1: clear; it is lost, .vgpu-ctl reset. brings"
	check "thermal: and of what is there nothing" is "$("$ctl" clear -i 0)" "GPU 0: clear"
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
		999|Unknown Error
	END
	check "Xids have NVIDIA's words" is $bad 0
	check_status 3 "there is no Xid 0" "$ctl" inject xid 0
	unload
}
