#!/bin/sh
# SPDX-License-Identifier: MIT
# Documentation/isa-ops.rst is what the tables say, and the example of isa.rst is valid.
top=$(cd "$(dirname "$0")/../.." && pwd)
visa=$top/build/tools/visa/visa
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

echo "1..2"
if "$visa" reference | diff "$top/Documentation/isa-ops.rst" - >"$tmp/diff"; then
	echo "ok 1 - the reference is up to date"
else
	echo "not ok 1 - the reference is up to date (visa reference -o Documentation/isa-ops.rst)"
	sed 's/^/# /' "$tmp/diff" | head -20
fi
sed -n '/^    \.kernel/,/^    \.end/s/^    //p' "$top/Documentation/isa.rst" >"$tmp/example.visa"
if [ -s "$tmp/example.visa" ] && "$visa" as "$tmp/example.visa" -o "$tmp/example.vgo" &&
   "$visa" check "$tmp/example.vgo"; then
	echo "ok 2 - the example assembles and is valid"
else
	echo "not ok 2 - the example assembles and is valid"
fi
