#!/bin/bash
# SPDX-License-Identifier: MIT
# fetch.sh: put the monitoring tools, unmodified, into the cache, and print their folder:
#	nvtop/usr/bin/nvtop	Debian's package (contrib)
#	libpciaccess		Debian's source package: no binary package has its scanpci
#	python			nvidia-ml-py, gpustat, nvitop from PyPI
# Fails where a registry cannot be reached.
set -euo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
. "$top/tools/vm/lib.sh"
. "$top/tools/vm/apt.sh"

PYTHON="nvidia-ml-py==13.615.71 gpustat==1.1.1 nvitop==1.7.2"
DIR=$CACHE/clients/monitors

take_lock monitors
want=$(hash_of "$0")
if ! stamped monitors "$want"; then
	rm -rf "$DIR"
	mkdir -p "$DIR"
	say "downloading nvtop, libpciaccess, $PYTHON"
	apt_ready
	unpack "$DIR/nvtop" nvtop
	unpack_source "$DIR/libpciaccess" libpciaccess
	# shellcheck disable=SC2086
	logged monitors python3 -m pip install --quiet --no-compile --disable-pip-version-check \
		--root-user-action=ignore --target "$DIR/python" $PYTHON
	stamp monitors "$want"
fi
echo "$DIR"
