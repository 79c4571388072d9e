#!/bin/bash
# SPDX-License-Identifier: MIT
# The CUDA programs, built by NVIDIA's compiler, in a bed: BED=uml (default) or qemu.
# time limit: 1800
# long time limit: 5400
# variant: BED=uml
# variant: BED=uml ISA=avx2
# variant: BED=uml ISA=portable
# variant: BED=qemu KERNEL=6.1
# variant beside: BED=qemu KERNEL=6.12
# long variant: BED=qemu KERNEL=6.12 ALL=1
# long variant: BED=qemu KERNEL=kasan
# long variant: BED=qemu KERNEL=kcsan
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
out=$top/build/selftests/cuda
bed=${BED:-uml} limit=2000

make -s -j2 all >&2 || { echo "Bail out! the programs do not build"; exit 1; }
if [ $# = 0 ]; then
	if [ -n "${ISA:-}" ]; then	# what a processor would not choose by itself
		set -- "$out"/static/vecadd "$out"/static/reduce "$out"/static/atomics \
			"$out"/static/arith64 "$out"/static/half "$out"/static/diverge
	elif [ "${KERNEL:-}" = kasan ] || [ "${KERNEL:-}" = kcsan ]; then	# what the driver has most to do with
		set -- "$out"/static/vecadd "$out"/static/streams "$out"/static/managed "$out"/static/copies "$out"/static/hostmem "$out"/static/ipc
	elif [ "$bed" = uml ] || [ -n "${ALL:-}" ]; then
		set -- "$out"/static/* "$out"/shared/* "$out"/static120/* "$out"/static12/* "$out"/shared12/* "$out"/cuda12/* "$out"/rdc/*
	elif [ "${KERNEL:-}" = 6.12 ]; then	# that the module is one for it; the rest is test-long's
		set -- status "$out"/static/vecadd
	else	# emulated vectors are slow: each subject once, each way to link once
		set -- "$out"/static/* "$out"/shared/vecadd "$out"/static12/reduce "$out"/shared12/streams "$out"/cuda12/* "$out"/rdc/parts
	fi
	set -- "${@#"$out"/}"
fi
[ "$bed" = uml ] || limit=10000	# emulated: alloca's deepest sort alone executes for 1-2 s
case ${KERNEL:-} in	# emulated, and watched at each access: no kernel is late there, and a program takes minutes
kasan | kcsan) limit=0 && export CUDA_TEST_LIMIT=1000 ;;
esac
exec "$top/tools/vm/vgpu-vm" --bed "$bed" ${KERNEL:+--kernel "$KERNEL"} --mem 4G --timeout $((${VGPU_TEST_LIMIT:-5400} - 100)) \
	--params "time_limit_ms=$limit${ISA:+ isa=$ISA} gpus=2" -- "$PWD/inside.sh" "$out" "$@"
