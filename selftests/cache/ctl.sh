#!/bin/bash
# SPDX-License-Identifier: MIT
# ctl.sh VGPU-CTL: vgpu-ctl cache warm, show and clear, in words and in JSON.
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh

ctl=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export CUDA_CACHE_PATH=$dir/cache

module() { printf '.version 8.0\n.target sm_80\n.address_size 64\n%s\n' "$2" >"$dir/$1.ptx"; }

# says STATUS PATTERN NAME ARG...: of vgpu-ctl cache ARG...
says()
{
	local want=$1 pattern=$2 name=$3 got=0
	shift 3
	"$ctl" cache "$@" >"$dir/out" 2>&1 || got=$?
	if [ $got = "$want" ] && tr -d ' \n' <"$dir/out" | grep -qE "$pattern"; then
		ok "$name"
	else
		not_ok "$name"
		sed "s/^/# status $got: /" "$dir/out"
	fi
}

module two '.visible .entry one() { ret; } .visible .entry two() { ret; }'
module bad '.visible .entry one() { nonsense; }'
plan 9
says 0 '"compiled":6,"there":0,"failed":0,"seconds":[0-9.]+}' "warm --json: two kernels, three shapes" warm --json "$dir/two.ptx"
says 0 '0compiled,6werethere,0failed' "warm again: all are there" warm "$dir/two.ptx"
says 0 '"kernels":6,"bytes":[1-9][0-9]*,"limit":' "show --json" show --json
says 3 '"compiled":0,"there":0,"failed":3' "what does not compile" warm --json "$dir/bad.ptx"
says 3 'Nosuchfile' "a library that is not there" warm "$dir/none.so"
says 0 '^{"removed":6}$' "clear --json" clear --json
says 0 '^0kernelsremoved$' "clear again" clear
says 0 'kernels0size' "nothing is left" show
says 2 'cannot' "what it cannot do" melt
finish
