# SPDX-License-Identifier: MIT
# Sourced by the scripts beside it: the cache's place, messages, locks and stamps.
# shellcheck shell=bash

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP_DIR=$(cd "$VM_DIR/../.." && pwd)
CACHE=${VGPU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vgpu}
mkdir -p "$CACHE"

say() { echo "vgpu: $*" >&2; }
die() { echo "vgpu: $*" >&2; exit 1; }

# take_lock NAME: until this shell ends, no other one holds NAME in this cache.
# The descriptor is closed in children by every long-running command below
# ("9>&-"), so that a surviving grandchild cannot keep the lock.
take_lock()
{
	exec 9>"$CACHE/.lock-$1"
	flock -n 9 && return
	say "waiting for another build of $1"
	flock 9
}

# hash_of FILE...: what a stamp holds, so that a changed recipe builds again.
hash_of() { cat "$@" | sha256sum | cut -c1-16; }

# stamped NAME HASH: true when NAME was finished with this very recipe.
stamped() { [ "$(cat "$CACHE/$1.stamp" 2>/dev/null)" = "$2" ]; }
stamp() { echo "$2" >"$CACHE/$1.stamp"; }

# logged NAME CMD...: run quietly; show the tail of its log on failure only.
logged()
{
	local log="$CACHE/log/$1.log"
	shift
	mkdir -p "$CACHE/log"
	if ! "$@" >>"$log" 2>&1 9>&-; then
		tail -n 40 "$log" >&2
		die "failed: $* (log: $log)"
	fi
}
