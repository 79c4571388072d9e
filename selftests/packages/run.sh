#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian packages: built, installed in a clean bed, used, removed, and nothing is left.
# time limit: 1200
# long time limit: 7200
# variant: KERNEL=uml
# long variant: KERNEL=6.1
# long variant: KERNEL=uml DKMS=1
# long variant: KERNEL=6.1 DKMS=1
set -u
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
kernel=${KERNEL:-uml}

make -s -C "$top" deb >&2 || { echo "Bail out! make deb fails"; exit 1; }
make -s -C ../control >&2 || { echo "Bail out! the client does not build"; exit 1; }
export KERNEL_DIR KO_DIR DKMS_DEB= NVTOP UDEV
KERNEL_DIR=$("$top/tools/vm/kernels.sh" "$kernel") || { echo "Bail out! no kernel"; exit 1; }
ko=$("$top/tools/vm/kmod.sh" "$kernel") || { echo "Bail out! no module"; exit 1; }
KO_DIR=${ko%/*}
# What comes from Debian, where that can be reached.
NVTOP=$(../clients/monitors/fetch.sh 2>/dev/null)/nvtop/usr/bin/nvtop
UDEV=$("$top/tools/vm/udev.sh" 2>/dev/null)
export NLC_NODE= NLC_MODULES= NLC_CUDA13= NLC_CUDA12=
eval "$(../clients/node-llama-cpp/install.sh 2>/dev/null)"
mkdir -p "$top/build/deb/debian"
cd "$top/build/deb/debian" || exit 1
if [ -n "${DKMS:-}" ]; then	# it compiles the module in the bed: minutes, and hours in an emulator
	apt-get -qq download dkms lsb-release >&2 &&
		DKMS_DEB=$(echo "$PWD"/dkms_*.deb "$PWD"/lsb-release_*.deb)
fi
case $kernel in
uml) bed="--bed uml" ;;
*) bed="--bed qemu --kernel $kernel" ;;
esac
# User-mode Linux keeps a descriptor for each of the host's files that it knows, and dpkg
# looks at thousands. Where there is none left for a new process, its kernel (7.3) frees what is still in its list of
# them, and complains ever after.
ulimit -n "$(ulimit -Hn)"
# shellcheck disable=SC2086
exec "$top/tools/vm/vgpu-vm" $bed --mem 3G --timeout $((${VGPU_TEST_LIMIT:-7200} - 100)) --no-module -- "$top/selftests/packages/inside.sh"
