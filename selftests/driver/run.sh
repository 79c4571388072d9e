#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver itself: the ioctl contract, memory, queues, lives and deaths.
# time limit: 1500
# long time limit: 5400
# variant: KERNEL=uml
# variant: KERNEL=6.1
# variant beside: KERNEL=kasan PART=chosen
# long variant: KERNEL=6.12
# long variant: KERNEL=kasan
# long variant: KERNEL=kcsan
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
out=$top/build/selftests/driver
kernel=${KERNEL:-uml}
export KSELFTEST_DIR=${KSELFTEST_DIR:-$("$top/tools/vm/kernels.sh" uml)/source/tools/testing/selftests}

make -s all >&2 && make -s -C "$top/tools/vgpu-ctl" >&2 ||
	{ echo "Bail out! the programs do not build"; exit 1; }
bed="--bed qemu --kernel $kernel"
[ "$kernel" != uml ] || bed="--bed uml"
# Who may be kept from running anywhere is so: what he holds then others must not need. The other suites have Debian's default.
[ "$kernel" != 6.1 ] || bed="$bed --boot preempt=full"
VGPU_FUSE_KO=$(find "$("$top/tools/vm/kernels.sh" "$kernel")"/root/lib/modules -name fuse.ko 2>/dev/null)	# where it is one
export VGPU_FUSE_KO
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --timeout $((${VGPU_TEST_LIMIT:-5400} - 100)) --mem 2G --params "vram=512 ${PARAMS:-}" -- \
	"$PWD/inside.sh" "$out"
