#!/bin/bash
# SPDX-License-Identifier: MIT
# fetch.sh: put Debian's drm_info and libdrm's own drmdevice, unmodified, into the cache, and print their
# folder. Fails where Debian cannot be reached.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tools/vm/lib.sh"
. "$top/tools/vm/apt.sh"

DIR=$CACHE/clients/drm

take_lock drm
want=$(hash_of "$0")
if ! stamped drm "$want"; then
	rm -rf "$DIR"
	mkdir -p "$DIR"
	say "downloading drm_info and libdrm's tests"
	apt_ready
	unpack "$DIR/tools" drm-info libdrm-tests
	stamp drm "$want"
fi
echo "$DIR"
