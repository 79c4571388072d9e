#!/bin/bash
# SPDX-License-Identifier: MIT
# In the bed: each program is one test of nested KTAP.
out=$1
programs="abi memory queues life launch"
n=0
failed=0

echo "KTAP version 1"
echo "1..$(echo $programs | wc -w)"
for p in $programs; do
	n=$((n + 1))
	echo "# Subtest: $p"
	if "$out/$p" | sed 's/^/  /' && [ "${PIPESTATUS[0]}" = 0 ]; then
		echo "ok $n $p"
	else
		echo "not ok $n $p"
		failed=1
	fi
done
exit $failed
