# SPDX-License-Identifier: MIT
# Sourced after tap.sh, by bash: a program that prints TAP becomes part of this TAP, and what its results do not say,
# how it ended, is one failure more.
# shellcheck shell=bash

# _ended STATUS RESULTS FAILURES PLANNED BAILED: why that is no good end, or nothing.
_ended()
{
	local status=$1 results=$2 failures=$3 planned=$4

	if [ -n "$5" ]; then
		echo "$5"
	elif [ "$status" = 124 ]; then
		echo "ended by a time limit"
	elif [ "$status" -gt 128 ] && kill -l $((status - 128)) >/dev/null 2>&1; then
		echo "ended by SIG$(kill -l $((status - 128)))"
	elif [ -z "$planned" ]; then
		echo "ended without a plan"
	elif [ "$planned" != "$results" ]; then
		echo "$results results, $planned planned"
	elif [ "$status" -gt 1 ] || [ "$status" != $((failures > 0)) ]; then
		echo "exit status $status, $failures failures"
	fi
}

# tap_program NAME COMMAND...: the command runs TAP_LIMIT seconds at most (then it is no function; 0 or unset: no limit). Its results are told by ok and not_ok, NAME before each; nested ones are comments, as all else is that it prints.
# Its status has to be 1 if a result is "not ok", and 0 if none is; there is a plan (the sum, where it prints several), and
# as many results.
tap_program()
{
	local name=$1 line why status results=0 failures=0 planned='' bailed=''
	local result='^(not )?ok( +[0-9]+)?( +-)?( +(.*))?$' plan='^1\.\.([0-9]+)( *# *SKIP *(.*))?'

	shift
	[ "${TAP_LIMIT:-0}" = 0 ] || set -- timeout -k 5 "$TAP_LIMIT" "$@"
	while IFS= read -r line || [ -n "$line" ]; do
		if [[ $line =~ $result ]]; then
			results=$((results + 1))
			if [ -z "${BASH_REMATCH[1]}" ]; then
				ok "$name: ${BASH_REMATCH[5]}"
			else
				failures=$((failures + 1))
				not_ok "$name: ${BASH_REMATCH[5]}"
			fi
		elif [[ $line =~ $plan ]]; then
			# "1..0" has to say why.
			[ "${BASH_REMATCH[1]}${BASH_REMATCH[2]}" = 0 ] || planned=$((planned + BASH_REMATCH[1]))
			[ -z "${BASH_REMATCH[2]}" ] || skip "$name" "${BASH_REMATCH[3]}"
		elif [[ $line = "Bail out!"* ]]; then
			bailed=${line/Bail out!/bailed out:}
		else
			echo "# $name: ${line#\# }"
		fi
	done < <("$@" 2>&1)
	wait $!
	status=$?
	why=$(_ended $status $results $failures "$planned" "$bailed")
	[ -z "$why" ] || not_ok "$name: $why"
}
