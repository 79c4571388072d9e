# SPDX-License-Identifier: MIT
# For inside.sh: vgpu-ctl trace and the tracepoints.
# shellcheck shell=bash

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
