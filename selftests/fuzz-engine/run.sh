#!/bin/sh
# SPDX-License-Identifier: MIT
# time limit: 900
# long time limit: 4500
# needs: no bed
# variant: FUZZ_SECONDS=120
# long variant: FUZZ_SECONDS=3600
# Verifier and engine under libFuzzer with the address and undefined-behaviour
# sanitizers, for FUZZ_SECONDS in all, two processes side by side for half of that: from the corpus in the tree and a part of
# what earlier runs left in the cache.
cd "$(dirname "$0")/../engine" || exit 1
. ../lib/finding.sh
log=../../build/selftests/engine/fuzz.log
seconds=${FUZZ_SECONDS:-120}

echo "1..2"
mkdir -p "$(dirname "$log")"
if ! command -v clang >/dev/null; then
	echo "ok 1 - the fuzzer builds # SKIP no clang"
	echo "ok 2 - no fault # SKIP no clang"
	exit 0
fi
if make -s -j"$(nproc)" ../../build/selftests/engine/fuzz >"$log" 2>&1; then
	echo "ok 1 - the fuzzer builds"
else
	echo "not ok 1 - the fuzzer builds"
	tail -5 "$log" | sed 's/^/# /'
	exit 1
fi
workers=2
if make -s fuzz FUZZ_SECONDS=$((seconds / workers)) FUZZ_WORKERS=$workers >"$log" 2>&1 && [ "$(grep -ac '^Done' "$log")" = $workers ]; then
	echo "ok 2 - no fault in $(awk '/^Done [0-9]* runs/ { n += $2 } END { print n }' "$log") runs"
else
	echo "not ok 2 - no fault"
	finding "$log"
	exit 1
fi
