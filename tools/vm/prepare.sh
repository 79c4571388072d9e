#!/bin/bash
# SPDX-License-Identifier: MIT
# prepare.sh KERNEL... [-- SUITE...]: what make test wants in the cache before it begins. What is only downloaded comes while the
# kernels that are built are: Debian's kernels and NVIDIA's compiler, without which this fails, and the clients of the suites,
# without which those skip themselves and say why.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

built=() stock=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	case $1 in
	6.*) stock+=("$1") ;;
	*) built+=("$1") ;;
	esac
	shift
done
[ $# = 0 ] || shift

# The clients of a suite, where a registry has them.
clients()
{
	local tests=$TOP_DIR/selftests
	case $1 in
	drm | clients/monitors) "$tests/$1/fetch.sh" ;;
	clients/cublas) "$VM_DIR/toolkit.sh" cublas ;;
	clients/math) "$VM_DIR/toolkit.sh" math ;;
	clients/node-llama-cpp) "$tests/$1/install.sh" ;;
	packages) "$VM_DIR/udev.sh" ;;
	esac
}

downloads()
{
	local suite
	[ ${#stock[@]} = 0 ] || "$VM_DIR/kernels.sh" "${stock[@]}" >/dev/null
	"$VM_DIR/qemu.sh" >/dev/null
	"$VM_DIR/toolkit.sh" >/dev/null
	for suite; do
		clients "$suite" >/dev/null || say "$suite: not all of its clients could be had"
	done
}

downloads "$@" &
status=0
[ ${#built[@]} = 0 ] || "$VM_DIR/kernels.sh" "${built[@]}" >/dev/null || status=$?
wait $! || status=$?
exit $status
