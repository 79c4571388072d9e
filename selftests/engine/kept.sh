#!/bin/bash
# SPDX-License-Identifier: MIT
# The fuzzer's corpus in the tree: kept.visa.xz, code objects as text, so that they outlive changes of the encoding.
#
#	kept.sh pack FOLDER	the valid objects there become the kept ones
#	kept.sh unpack FOLDER	the kept ones, assembled, become what is there; says how many still assemble
set -eu
here=$(cd "$(dirname "$0")" && pwd)
visa=$here/../../build/tools/visa/visa
mark="; object"

# What the verifier does not accept is left out.
pack()
{
	local f tmp
	tmp=$(mktemp -d)
	find "$1" -type f | sort | while read -r f; do
		"$visa" dis "$f" >"$tmp/text" && "$visa" as "$tmp/text" -o "$tmp/object" && "$visa" check "$tmp/object" || continue
		echo "$mark" >&3
		cat "$tmp/text" >&3
	done 3>"$tmp/all" >"$tmp/log" 2>&1
	xz -9e <"$tmp/all" >"$here/kept.visa.xz"
	echo "$(grep -c "^$mark$" "$tmp/all") objects, $(wc -c <"$here/kept.visa.xz") bytes"
	rm -r "$tmp"
}

unpack()
{
	local f all=0 good=0
	rm -rf "$1"
	mkdir -p "$1"
	xz -dc "$here/kept.visa.xz" | awk -v dir="$1" -v mark="$mark" '$0 == mark { close(f); f = dir "/" ++n ".visa"; next } { print >f }'
	for f in "$1"/*.visa; do
		all=$((all + 1))
		"$visa" as "$f" -o "${f%.visa}" 2>/dev/null && good=$((good + 1))
		rm "$f"
	done
	echo "kept: $good of $all objects"
	[ $good -gt 0 ]
}

"$1" "$2"
