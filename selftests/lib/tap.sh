# SPDX-License-Identifier: MIT
# Sourced by a suite's run.sh: tests as shell commands, reported as TAP.
# shellcheck shell=sh
#
#	. ../lib/tap.sh
#	plan 2
#	check "true is true" true
#	check_status 3 "it refuses" command that must exit with 3
#	finish

TAP_DONE=0
TAP_FAILED=0

plan() { echo "TAP version 13"; echo "1..$1"; }

ok() { TAP_DONE=$((TAP_DONE + 1)); echo "ok $TAP_DONE - $1"; }
not_ok() { TAP_DONE=$((TAP_DONE + 1)); TAP_FAILED=$((TAP_FAILED + 1)); echo "not ok $TAP_DONE - $1"; }
skip() { TAP_DONE=$((TAP_DONE + 1)); echo "ok $TAP_DONE - $1 # SKIP $2"; }

# check_status WANT NAME CMD…: what the command printed follows as comments if it fails.
check_status()
{
	tap_want=$1 tap_name=$2
	shift 2
	tap_out=$("$@" 2>&1)
	tap_status=$?
	if [ "$tap_status" = "$tap_want" ]; then
		ok "$tap_name"
	else
		not_ok "$tap_name"
		echo "# status $tap_status, not $tap_want: $*"
		echo "$tap_out" | sed 's/^/# /'
	fi
}

check() { check_status 0 "$@"; }

finish() { [ "$TAP_FAILED" = 0 ]; exit; }
