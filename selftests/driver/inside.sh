#!/bin/bash
# SPDX-License-Identifier: MIT
# In the bed: each program is one test of nested KTAP. The module is inserted for some of
# them anew, with parameters of their own. PART=chosen: what takes and gives memory, for a
# kernel that watches it and takes ten times as long.
out=$1
n=0
failed=0

# run NAME COMMAND...
run()
{
	local name=$1
	shift
	n=$((n + 1))
	echo "# Subtest: $name"
	"$@" | sed -u 's/^/  /'
	if [ "${PIPESTATUS[0]}" = 0 ]; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		failed=1
	fi
}

# program NAME [LABEL [ARG...]]
program() { run "${2:-$1}" "$out/$1" "${@:3}"; }

reload()
{
	rmmod vgpu && insmod "$VGPU_KO" vram=512 "$@"
}

# More VRAM than any machine has memory: backed when touched.
reload_sparse()
{
	rmmod vgpu && insmod "$VGPU_KO" vram=1048576
}

# Emulated, a mutant takes a second.
[ "$VGPU_BED" = uml ] || export VGPU_MUTANTS=${VGPU_MUTANTS:-60}

# Once, in User-mode Linux, is enough of the test that waits for half a minute, but for where there is time.
again=(-T blocks_beyond_the_memory)
[ -z "${VGPU_TEST_LONG:-}" ] || again=()
first=("${again[@]}")
[ "$VGPU_BED" != uml ] || first=()

echo "KTAP version 1"
if [ "${PART:-}" = chosen ]; then
	export VGPU_MUTANTS=20
	echo "1..7"
	program memory
	program races
	program launch launch "${again[@]}"
	program mutants
	reload tables_user_mib=16 code_user_mib=16 && program bookkeeping
	reload reserve_mib=1200 && program scarce
	reload_sparse && program sparse
	exit $failed
fi
echo "1..30"
program abi
program memory
program queues
program packets
program life
program races
program launch launch "${first[@]}"
program fair
program mutants
program monitor
program limit
for m in ${VGPU_FUSE_KO:-}; do
	insmod "$m"
done
program slow

. "$(dirname "$0")/../lib/failing.sh"
program failnth

reload pin_user_mib=8 && program memory "memory, little of it to pin"
# A user's part of the least caps is not nothing.
for mib in 1 2 3; do
	reload pin_limit_mib=$mib block_limit_mib=$mib || continue
	program memory "memory, $mib MiB to pin" -t pinned_by_a_user
	program launch "launch, $mib MiB for blocks" -t every_block_once -t cooperative -t each_block_waits_with_little_memory
done
reload tables_user_mib=16 code_user_mib=16 && program bookkeeping
reload reserve_mib=1200 && program scarce
reload time_limit_ms=600 && program timelimit
reload workers=1 isa=portable && program launch "launch with one worker, portable" "${again[@]}"
reload workers=5 block_limit_mib=200 && program launch "launch with five workers, little memory for blocks" "${again[@]}"
reload workers=2 block_limit_mib=64 && program launch "launch, memory for few large blocks" -t grows_again_when_there_is_memory
reload workers=4 block_limit_mib=64 block_user_mib=63 time_limit_ms=0 && program launch "launch, memory for one large block" -t the_last_room_is_the_first_ones
reload_sparse && program sparse
rmmod vgpu && run params "$(dirname "$0")/params.sh"
program loading
exit $failed
