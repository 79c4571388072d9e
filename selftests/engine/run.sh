#!/bin/sh
# SPDX-License-Identifier: MIT
# time limit: 1200
# needs: no bed
# Builds the engine's tests and runs them, or those that are named: one TAP stream,
# a subtest for each program.
cd "$(dirname "$0")" || exit 1
if [ $# = 0 ]; then
	exec make -s check
fi

n=0 failed=0
for program; do
	n=$((n + 1))
	name=$(basename "$program")
	echo "# $name"
	log=../../build/selftests/engine/$name.tap
	"$program" >"$log" 2>&1
	status=$?
	sed 's/^/    /' "$log"
	if [ $status = 0 ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=1
	fi
done
echo "1..$n"
exit $failed
