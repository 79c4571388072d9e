# SPDX-License-Identifier: MIT
# Sourced by a suite's run.sh: what a fuzzer has found, as TAP's comments, for whoever has nothing but the output.
# shellcheck shell=sh

# finding LOG: libFuzzer's and the sanitizers' own words, the first stack, and the input itself in base64.
finding()
{
	# Slow inputs are written to files as well, and are no findings.
	finding_lines=$(grep -aE 'ERROR:|SUMMARY:|runtime error:|Test unit written to' "$1" | grep -av 'slow-unit-' | cut -c 1-400 | head -n 8)
	if [ -z "$finding_lines" ]; then	# it did not come to finding anything
		tail -n 30 "$1" | cut -c 1-400 | sed 's/^/# /'
		return
	fi
	echo "$finding_lines" | sed 's/^/# /'
	# The first frame is number 0, and so is the first of the next stack.
	grep -aE '^ *#[0-9]+ ' "$1" | awk '$1 == "#0" && NR > 1 { exit } NR <= 12' | cut -c 1-300 | sed 's/^/# /'
	finding_file=$(sed -n 's/.*Test unit written to \(.*\)/\1/p' "$1" | tail -n 1)
	[ -f "$finding_file" ] || return 0
	# A line may have 4096 characters, and a suite 200 lines: see selftests/run.
	if xz -9c "$finding_file" | head -c 60000 >"$finding_file.xz" && [ "$(wc -c <"$finding_file.xz")" -lt 60000 ]; then
		echo "# the input, $(wc -c <"$finding_file") bytes: base64 -d | xz -d >${finding_file##*/}"
		base64 -w 3000 "$finding_file.xz" | sed 's/^/# /'
	else
		echo "# the input has $(wc -c <"$finding_file") bytes and is too large to be printed: $finding_file"
	fi
	rm -f "$finding_file.xz"
}
