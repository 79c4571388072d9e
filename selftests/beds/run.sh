#!/bin/bash
# SPDX-License-Identifier: MIT
# Each bed goes red for the bugs that are its to find (tools/vm/planted), green without
# one, and vgpu-vm keeps its promises: status, clean output, time limit, nothing left.
# time limit: 900
# variant: KERNEL=uml
# variant: KERNEL=6.1
# variant beside: KERNEL=kasan
# long variant: KERNEL=6.12
# long variant: KERNEL=kcsan
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh

top=$(cd ../.. && pwd)
kernel=${KERNEL:-uml}
vm=../../tools/vm/vgpu-vm
bed=qemu
[ "$kernel" = uml ] && bed=uml
log=$(mktemp)
trap 'rm -f "$log" "$log".*' EXIT

ko=$(../../tools/vm/kmod.sh "$kernel" ../../tools/vm/planted) || { echo "Bail out! no planted.ko"; exit 1; }

machine() { "$vm" --bed $bed --kernel "$kernel" --no-module --mem 2G "$@"; }

# Loads and unloads planted.ko once for each bug, in one machine of two CPUs.
# shellcheck disable=SC2016
plant() { machine --cpus 2 -- sh -c 'ko=$1; shift; for b; do insmod $ko bug=$b; rmmod planted; done' sh "$ko" "$@" >"$log" 2>&1; }

# An emulator whose own assertion fails the first TIMES times, in $log.emulator.
failing_emulator()
{
	local program folders
	{ read -r program; folders=$(printf -- '-L %s ' $(cat)); } < <(../../tools/vm/qemu.sh)
	mkdir -p "$log.emulator"
	cat >"$log.emulator/qemu-system-x86_64" <<-END
		#!/bin/bash
		[ "\$1" = --version ] && exec $program --version
		echo x >>$log.emulator/begun
		[ \$(wc -l <$log.emulator/begun) -gt $1 ] && exec $program $folders "\$@"
		echo "qemu-system-x86_64: machine.c:1: begin: Assertion \\\`chance' failed."
		kill -ABRT \$\$
	END
	chmod +x "$log.emulator/qemu-system-x86_64"
	: >"$log.emulator/begun"
}

emulator_fails()
{
	failing_emulator 1
	PATH=$log.emulator:$PATH machine -- true >"$log" 2>&1
	status 0 "an emulator that failed is started once more"
	failing_emulator 9
	PATH=$log.emulator:$PATH machine -- true >"$log" 2>&1
	status 125 "and not for ever"
	[ "$(wc -l <"$log.emulator/begun")" = 3 ]
	status 0 "three times"
	rm -r "$log.emulator"
}

# red BUG PATTERN: the machine that plant ran complained so.
red()
{
	if grep -qE "kernel complained: .*($2)" "$log"; then
		ok "$kernel shows $1"
	else
		not_ok "$kernel shows $1"
		grep -v dmesg: "$log" | sed 's/^/# /'
	fi
}

# warned BUG TEXT: it did, by a warning with this text.
warned()
{
	if grep -qE "dmesg: .*$2" "$log"; then
		ok "$kernel shows $1"
	else
		not_ok "$kernel shows $1"
		sed 's/^/# /' "$log"
	fi
}

# status WANT NAME: of the last command.
status()
{
	local got=$?
	if [ $got = "$1" ]; then
		ok "$2"
	else
		not_ok "$2"
		echo "# status $got, not $1"
		sed 's/^/# /' "$log"
	fi
}

promises()
{
	local sum=$log.bytes got

	machine -- sh -c 'echo out; echo err >&2; exit 7' >"$log" 2>"$log.err"
	status 7 "the command's status"
	[ "$(cat "$log")" = out ]
	status 0 "its output alone on stdout"
	grep -qx err "$log.err"
	status 0 "its errors on stderr"
	machine -- sh -c 'kill -9 $$' >"$log" 2>&1
	status 137 "the signal that ended it"
	head -c 1000000 /dev/urandom >"$sum"
	machine -- cat "$sum" 2>"$log" | cmp - "$sum" >>"$log" 2>&1
	status 0 "a million random bytes come through"
	machine -- sh -c ': >written; echo x >/tmp/written && test -f written' >"$log" 2>&1
	status 0 "the command can write anywhere"
	[ ! -e written ] && [ ! -e /tmp/written ]
	status 0 "and the host does not see it"
	machine --timeout 2 -- sh -c 'sleep 1000 & sleep 1000' >"$log" 2>&1
	status 124 "the time limit"
	grep -q "at the time limit there was .*: sleep 1000" "$log"
	status 0 "and what was there"
	# Its folder, by which its processes are known.
	mkdir "$log.d"
	TMPDIR=$log.d machine --timeout 120 -- yes 2>"$log" | { head -n 1; pgrep -f "$log.d" >"$log.during"; } >"$log.out"
	got=${PIPESTATUS[0]}
	echo "status $got" >>"$log"
	[ "$got" = 141 ] && [ "$(cat "$log.out")" = y ]
	status 0 "a reader that leaves ends the run"
	[ -s "$log.during" ] && ! pgrep -f "$log.d" >>"$log"
	status 0 "and nothing of it is left"
	rmdir "$log.d"
	machine -- sh -c 'sleep 1000 & setsid sleep 1000 &' >"$log" 2>&1
	status 0 "what a command leaves running holds nothing up"
}

# A CPU that was isolated has no worker, unless it is named.
isolated()
{
	"$vm" --bed uml --mem 1G --cpus 2 --boot isolcpus=1 -- sh -c 'pgrep -l ^vgpu/; rmmod vgpu
		insmod "$VGPU_KO" cpus=0-1 && pgrep -l ^vgpu/' >"$log" 2>"$log.err"
	status 0 "--boot"
	[ "$(cut -d " " -f 2 "$log" | tr "\n" " ")" = "vgpu/0 vgpu/0 vgpu/1 " ]
	status 0 "workers leave isolated CPUs alone"
}

# What was asked for is what the machine has.
options()
{
	local cpus=2

	[ "$kernel" = uml ] && cpus=1		# what clients see
	"$vm" --bed $bed --kernel "$kernel" --mem 1G --cpus 2 --params "vram=96 nice=5" -- \
		sh -c 'awk "/MemTotal/ { print (\$2 > 700000 && \$2 < 1100000) }" /proc/meminfo
		nproc; cat /sys/module/vgpu/parameters/vram /sys/module/vgpu/parameters/nice
		ps -e -o ni=,comm= | grep -c "^ *5 vgpu/"' >"$log" 2>"$log.err"
	status 0 "the module is there"
	[ "$(tr "\n" " " <"$log")" = "1 $cpus 96 5 2 " ]
	status 0 "--mem, --cpus and --params"
	[ "$kernel" != uml ] || isolated
	machine -- sh -c '! grep -q ^vgpu /proc/modules && test -f "$VGPU_KO"' >"$log" 2>&1
	status 0 "--no-module"
	make -s -C "$top/tools/vgpu-ctl" >&2
	machine -- sh -c 'vgpu-ctl --version' >"$log" 2>&1
	status 0 "the tools are where an installed system has them"
	"$vm" --bed $bed --kernel "$kernel" --params "vram=plenty" -- true >"$log" 2>&1
	status 123 "a module that is not inserted"
	grep -q "kernel complained: insmod .*nvalid" "$log"
	status 0 "and why"
	"$vm" --bed $bed --kernel "$kernel" --mem lots -- true >"$log" 2>&1
	status 2 "options that mean nothing"
	machine -- /no/such/program >"$log" 2>&1
	status 127 "a command that is not there"
}

# In UML the first CPU and all processes keep to one CPU of the host, the second CPU to the others.
apart()
{
	local pid at

	if [ "$kernel" != uml ] || [ "$(nproc)" = 1 ]; then
		skip "each of UML's CPUs has its own" "not UML, or one CPU"
		return
	fi
	setsid "$vm" --bed uml --no-module --mem 1G --cpus 2 -- sleep 4 >"$log" 2>&1 &
	sleep 3
	pid=$(pgrep -o -P $!)
	at=$(for t in "/proc/$pid"/task/*; do taskset -cp "${t##*/}"; done | sed 's/.*: //' | head -2 | xargs)
	wait $!
	echo "first and second CPU on: $at" >>"$log"
	[[ "$at" =~ ^([0-9]+)\ (.+)$ ]] && ! grep -qw "${BASH_REMATCH[1]}" <<<"${BASH_REMATCH[2]}"
	status 0 "each of UML's CPUs has its own"
}

# More is logged than the ring holds, faster than anyone reads: what came before is judged all the
# same, and what was lost makes the run red.
flooded()
{
	cat >"$log.flood" <<'S'
echo on >/proc/sys/kernel/printk_devkmsg
flood() { awk 'BEGIN { for (i = 0; i < 60000; i++) { printf "<6>%0120d\n", i >"/dev/kmsg"; fflush("/dev/kmsg") } }'; }
case $1 in
bug) insmod "$2" bug=warn; rmmod planted; flood ;;
clear) insmod "$2" bug=told-leak; rmmod planted; dmesg -C ;;
unread) kill -STOP $PPID; flood; kill -CONT $PPID ;;
esac
! dmesg | grep -q "vgpu-vm: begin"
S
	machine -- sh "$log.flood" bug "$ko" >"$log" 2>&1
	status 123 "a bug before a flood of messages"
	red "a bug before a flood of messages" "WARNING: planted"
	grep -q "own end: exit 0" "$log"
	status 0 "which pushed the log's beginning out"
	machine -- sh "$log.flood" clear "$ko" >"$log" 2>&1
	status 123 "a bug before dmesg -C"
	machine -- sh "$log.flood" unread >"$log" 2>&1
	status 123 "a log with a gap is not green"
	red "a log with a gap" "overwritten before (it|they) could be read"
}

# The end of a run is vgpu-vm's to log: not its words, nor what the mark of the beginning tells, hide what follows.
forged_end()
{
	# shellcheck disable=SC2016
	machine -- sh -c 'echo "vgpu-vm: end" >/dev/kmsg
		dmesg | sed -n "s/.*\(vgpu-vm: \)begin/\1end/p" >/dev/kmsg
		insmod "$1" bug=warn; rmmod planted
		test "$(dmesg | grep -c "vgpu-vm: end")" = 2' sh "$ko" >"$log" 2>&1
	red "a bug after an end that the command logged" "WARNING: planted"
	grep -q "own end: exit 0" "$log"
	status 0 "which it did"
}

# What vgpu-vm starts before there is a machine has a limit, and does not outlive it either.
building()
{
	local lock=${ko%-planted/*}/.lock
	local pid

	exec 8>"$lock"
	flock 8				# kmod.sh waits for this
	machine --build-timeout 2 -- true >"$log" 2>&1 8>&-
	status 125 "a module that is not made in time"
	grep -q "kmod.sh was not done within --build-timeout, 2 s" "$log"
	status 0 "and that it is why"
	setsid "$vm" --bed uml --no-module -- true >"$log" 2>&1 8>&- &
	pid=$!
	for _ in $(seq 50); do sleep 0.2; pgrep -s $pid flock >/dev/null && break; done
	pgrep -s $pid flock >"$log.mark"
	status 0 "a module is being made"
	kill $pid
	wait $pid
	status 143 "SIGTERM ends vgpu-vm"
	! pgrep -s $pid >>"$log"
	status 0 "and what makes the module"
	exec 8>&-
}

refusals()
{
	machine --log /nonexistent/log -- true >"$log" 2>&1
	status 125 "a log that cannot be written"
	[ "$(cat "$log")" = "vgpu-vm: --log /nonexistent/log: No such file or directory" ]
	status 0 "and that it is why"
	(top=$PWD; cd /proc && "$top/$vm" --no-module -- true) >"$log" 2>&1
	status 125 "a folder that the machine does not see"
	grep -q "does not see /proc" "$log"
	status 0 "and that it is why"
}

# A kernel that does not come back ends with the time limit; a minute over it.
hung_kernel()
{
	if [ -n "${VGPU_TEST_LONG:-}" ]; then
		machine --cpus 1 --timeout 5 -- insmod "$ko" bug=hang >"$log" 2>&1
		# The time is up, or RCU noticed first.
		[ $? = 124 ] || grep -q "kernel complained: .*stall" "$log"
		status 0 "a kernel that hangs"
	else
		skip "a kernel that hangs" "takes a minute: test-long"
	fi
}

# One that only repeats itself ends before the time limit.
repeats_itself()
{
	if [ -n "${VGPU_TEST_LONG:-}" ]; then
		machine -- sh -c 'echo on >/proc/sys/kernel/printk_devkmsg
			while :; do echo "<3>once more" >/dev/kmsg; done' >"$log" 2>&1
		status 123 "a machine that repeats one line"
		grep -q "the machine hangs: .* repeated: once more" "$log"
		status 0 "and that it is why"
	else
		skip "a machine that repeats one line" "takes a minute: test-long"
		skip "and that it is why" "likewise"
	fi
}

# Killed without a chance to clean up, the machine goes all the same.
leaves_nothing()
{
	local mark=$log.mark pids

	setsid "$vm" --bed uml --no-module --mem 1G -- sleep 54321 >"$log" 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; pgrep -P $! >"$mark" && break; done
	sleep 2
	pids=$(pgrep -P $!)
	[ -n "$pids" ]
	status 0 "a machine is there"
	kill -9 $!
	sleep 2
	# shellcheck disable=SC2086
	! pgrep -s "$(echo $pids | tr ' ' ,)" >>"$log"
	status 0 "and gone when vgpu-vm is killed"
}

clients_see_one_cpu()
{
	machine --cpus 2 -- sh -c 'nproc; getconf _NPROCESSORS_ONLN; cat /sys/devices/system/cpu/online; grep -c ^processor /proc/cpuinfo' >"$log" 2>"$log.err"
	[ "$(tr "\n" " " <"$log")" = "1 1 0 1 " ]
	status 0 "UML shows clients one CPU"
}

none_is_green()
{
	plant none
	status 0 "$kernel is green for a module without a bug"
}

case $kernel in
uml)
	plan 62
	none_is_green
	plant fpu-sleep fpu-preempt fpu-irqs fpu-cpu fpu-modes fpu-keep fpu-long warn told-leak leak busy
	status 123 "the status says that the kernel complained"
	red fpu-sleep "scheduling while atomic|sleeping function called"
	warned fpu-preempt "FPU section: preempt count . became"
	warned fpu-irqs "FPU section: interrupts stay disabled"
	warned fpu-cpu "FPU section: began on CPU ., ends on ."
	warned fpu-modes "FPU section: exceptions unmasked, MXCSR 0x1f00"
	warned fpu-keep "a register was lost between two FPU sections"
	warned fpu-long "an FPU section of [0-9]+ ns"
	red warn "WARNING: "
	red told-leak "vgpu: leaked 1 buffer object"
	red leak "func:leak has [0-9]+ allocated at module unload"
	red busy "rmmod planted"
	plant oops
	red oops "Kernel panic"
	machine -- insmod "$ko" bug=nosuch >"$log" 2>&1
	status 1 "insmod's own status"
	machine -- insmod "$ko" bug=none nonsense=1 >"$log" 2>&1
	red "a parameter that the module does not know" "unknown parameter"
	promises
	clients_see_one_cpu
	options
	apart
	flooded
	forged_end
	building
	refusals
	hung_kernel
	repeats_itself
	leaves_nothing
	;;
6.1)
	plan 30
	none_is_green
	plant fpu-sleep warn told-leak busy
	status 123 "the status says that the kernel complained"
	red fpu-sleep "scheduling while atomic|sleeping function called"
	red warn "WARNING: "
	red told-leak "vgpu: leaked 1 buffer object"
	red busy "rmmod planted"
	plant oops
	red oops "Oops"
	promises
	options
	emulator_fails
	;;
6.12)
	plan 6
	none_is_green
	plant fpu-sleep warn told-leak busy
	red fpu-sleep "scheduling while atomic|sleeping function called"
	red warn "WARNING: "
	red told-leak "vgpu: leaked 1 buffer object"
	red busy "rmmod planted"
	plant oops
	red oops "Oops"
	;;
kasan)
	# make test has a boot for it: what a module without a bug shows, the other suites see.
	plan 10
	if [ -n "${VGPU_TEST_LONG:-}" ]; then
		none_is_green
	else
		skip "$kernel is green for a module without a bug" "a boot of its own: test-long"
	fi
	# Lock order first: a KASAN report switches lockdep off.
	plant lock-order fpu-sleep warn told-leak oob leak busy
	red lock-order "possible circular locking"
	red fpu-sleep "scheduling while atomic|sleeping function called"
	red warn "WARNING: "
	red told-leak "vgpu: leaked 1 buffer object"
	red "oob in a slab" "KASAN: slab-out-of-bounds"
	red "oob in vmalloc" "KASAN: vmalloc-out-of-bounds"
	red leak "unreferenced object"
	red busy "rmmod planted"
	if [ -n "${VGPU_TEST_LONG:-}" ]; then
		plant oops
		red oops "Oops"
	else
		skip "$kernel shows oops" "a boot of its own: test-long"
	fi
	;;
kcsan)
	plan 6
	none_is_green
	plant race	# so many of them that not all that is complained of is said
	red race "KCSAN: data-race in racer"
	plant warn told-leak busy
	red warn "WARNING: "
	red told-leak "vgpu: leaked 1 buffer object"
	red busy "rmmod planted"
	plant oops
	red oops "Oops"
	;;
esac
finish
