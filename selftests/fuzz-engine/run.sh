#!/bin/sh
# SPDX-License-Identifier: MIT
# time limit: 4500
# variant: FUZZ_SECONDS=120
# long variant: FUZZ_SECONDS=3600
# Verifier and engine under libFuzzer with the address and undefined-behaviour
# sanitizers, for FUZZ_SECONDS: from the corpus in the tree and what earlier runs left in the cache.
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
if make -s ../../build/selftests/engine/fuzz >"$log" 2>&1; then
	echo "ok 1 - the fuzzer builds"
else
	echo "not ok 1 - the fuzzer builds"
	tail -5 "$log" | sed 's/^/# /'
	exit 1
fi
if make -s fuzz FUZZ_SECONDS="$seconds" >"$log" 2>&1 && grep -q '^Done' "$log"; then
	echo "ok 2 - no fault in $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log") runs"
else
	echo "not ok 2 - no fault"
	finding "$log"
	exit 1
fi
