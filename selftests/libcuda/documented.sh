#!/bin/sh
# SPDX-License-Identifier: MIT
# The table in Documentation/libcuda.rst is the one that api.def makes ("update" writes it).
cd "$(dirname "$0")/../.." || exit 1
doc=Documentation/libcuda.rst
new=$(mktemp) || exit 1
trap 'rm -f "$new"' EXIT
sed '/^What a 580-series libcuda exports/q' $doc > "$new"
echo >> "$new"
awk -f userlib/libcuda/symbols.awk userlib/libcuda/api.def >> "$new"
[ "$1" = update ] && cat "$new" > $doc
cmp "$new" $doc
