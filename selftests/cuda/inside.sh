#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh DIR VARIANT/PROGRAM...: runs the programs inside a bed and joins their TAP into one,
# each line with the program's name before it. A program that hangs is one more failure,
# and so is one whose end its results do not explain (lib/program.sh).
dir=$1
shift
here=$(dirname "$0")
. "$here/../lib/tap.sh"
. "$here/../lib/program.sh"
limit=${CUDA_TEST_LIMIT:-60}
export TAP_LIMIT=$limit

result()	# ok|not ok, text
{
	if [ "$1" = ok ]; then ok "$2"; else not_ok "$2"; fi
}

output()	# NAME EXPECTED COMMAND...: standard output must be the file EXPECTED
{
	local name=$1 want=$2 got
	shift 2
	got=$(timeout -k 5 "$limit" "$@" 2>&1) || got+=$'\n'"exit status $?"
	if [ "$got" = "$(cat "$want")" ]; then
		result ok "$name: output"
	else
		diff <(echo "$got") "$want" | sed 's/^/# /'
		result "not ok" "$name: output"
	fi
}

stderr_has()	# NAME PATTERN COMMAND...
{
	local name=$1 pattern=$2
	shift 2
	if timeout -k 5 "$limit" "$@" 2>&1 >/dev/null | grep -qE "$pattern"; then
		result ok "$name: message on stderr"
	else
		result "not ok" "$name: message on stderr"
	fi
}

has()		# NAME PATTERN: the input has such a line
{
	local text

	text=$(cat)
	if grep -qE "$2" <<<"$text"; then
		result ok "$1"
	else
		sed 's/^/# /' <<<"$text"
		result "not ok" "$1"
	fi
}

# more_done COUNT: the other process soon has finished more than so many times, and never failed. One run of it may
# have been under way when we counted, so two more.
more_done()
{
	local until=$((SECONDS + 2 * limit))

	while [ "$(wc -l </tmp/other.done)" -lt $(($1 + 2)) ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1
	done
}

# A kernel's fault is told everywhere alike, and only its own process feels it.
faults()	# PROGRAM
{
	local p=$1 kind other

	: >/tmp/other.done
	while timeout -k 5 "$limit" "$dir/static/vecadd" >/tmp/other.out 2>&1; do echo >>/tmp/other.done; done &
	other=$!
	more_done 0
	for kind in oob null shared space misaligned recursion alloca trap barrier crowd endless; do
		tap_program "$p $kind" env VGPU_LOG=1 "$dir/$p" $kind
	done
	more_done "$(wc -l </tmp/other.done)"
	result "$([ $? = 0 ] && kill -0 $other && echo ok || echo "not ok")" "$p: another process goes on"
	kill $other
	wait $other 2>/dev/null
	sleep 5.5	# the log says ten in five seconds: those that follow
	told "$p" oob 31 _Z3oobPi 1 5 $((4 << 40))
	told "$p" misaligned 13 _Z10misalignedPc 0 23 1
	named "$p" barrier 13 _Z7partiali "illegal instruction"
	! grep -q " address 0x" /tmp/faults.err && ! dmesg | tail -n 3 | grep "_Z7partiali" | grep -q " address 0x"
	result "$([ $? = 0 ] && echo ok || echo "not ok")" "$p: barrier: no address where there is none"
	named "$p" space 13 _Z9elsewherePi "address of another state space"
}

# address FILE OFFSET: so far behind the program's buffer.
address()
{
	printf '0x%x' $(($(sed -n 's/^# buffer //p' "$1") + $2))
}

# A fault, with the block, the thread and the address that it has, in all three places.
told()	# PROGRAM KIND XID KERNEL BLOCK THREAD OFFSET
{
	local p=$1 kind=$2 xid=$3 kernel=$4 block=$5 thread=$6 err=/tmp/faults.err

	VGPU_LOG=1 "$dir/$p" "$kind" >$err 2>&1
	has "$p: $kind: in the program's log" "in $kernel[ ,:].*block \($block,0,0\) thread \($thread,0,0\), address $(address $err "$7")\b" <$err
	has "$p: $kind: vgpu-ctl" "Xid $xid: .*, kernel $kernel, block \($block,0,0\), thread \($thread,0,0\), .*write of 4 bytes at $(address $err "$7")\b" < <("$ctl" events | tail -n 1)
	has "$p: $kind: Xid in the kernel's log" "NVRM: Xid \(PCI:[0-9a-f:]+\): $xid, pid=[0-9]+, .*'?$kernel'? block \($block,0,0\) thread \($thread,0,0\).* address $(address $err "$7")\b" < <(dmesg | tail -n 3)
}

# A fault has the same name in all three places.
named()	# PROGRAM KIND XID KERNEL NAME
{
	local p=$1 kind=$2 xid=$3 kernel=$4 name=$5 err=/tmp/faults.err

	VGPU_LOG=1 "$dir/$p" "$kind" >$err 2>&1
	has "$p: $kind: named in the program's log" ": $name in $kernel[ ,:]" <$err
	has "$p: $kind: named by vgpu-ctl" "Xid $xid: $name, .*kernel $kernel," < <("$ctl" events | tail -n 1)
	has "$p: $kind: named in the kernel's log" "NVRM: Xid \(PCI:[0-9a-f:]+\): $xid, pid=[0-9]+, $name: .*$kernel" < <(dmesg | tail -n 3)
}

ctl=$here/../../build/tools/vgpu-ctl/vgpu-ctl
for p in "$@"; do
	case $p in
	status) has "vgpu-ctl: the device on Linux $(uname -r)" "^GPU 0: .+" < <("$ctl" status) ;;
	*/printf) output "$p" "$here/printf.expected" "$dir/$p" ;;
	*/assert)
		tap_program "$p" "$dir/$p"
		stderr_has "$p" 'assert.cu:[0-9]+: .*checked.*block: \[0,0,0\], thread: \[63,0,0\] Assertion `.*limit. failed' "$dir/$p"
		;;
	*/texture)
		tap_program "$p" "$dir/$p"
		VGPU_LOG=1 stderr_has "$p" \
			'_Z5fetchyPf could not be compiled: ptx line [0-9]+; error *: textures and surfaces are not supported \(tex\.v4\.1d\.f32\.s32\)' "$dir/$p"
		;;
	card/faults)	# what a card has no limit for, or another name, is left out
		for kind in oob null shared space misaligned trap barrier; do
			tap_program "$p $kind" "$dir/$p" $kind
		done
		;;
	*/faults) faults "$p" ;;
	*) tap_program "$p" "$dir/$p" ;;
	esac
done
echo "1..$TAP_DONE"
finish
