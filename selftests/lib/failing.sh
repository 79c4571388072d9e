# SPDX-License-Identifier: MIT
# Sourced in a bed: lets allocations that may sleep fail as well, where the kernel can (fail-nth).
# shellcheck shell=sh
mount -t debugfs none /sys/kernel/debug 2>/dev/null
for f in failslab fail_page_alloc; do
	echo N 2>/dev/null >/sys/kernel/debug/$f/ignore-gfp-wait
	echo 0 2>/dev/null >/sys/kernel/debug/$f/min-order
	echo 0 2>/dev/null >/sys/kernel/debug/$f/verbose
done
