#!/bin/bash
# SPDX-License-Identifier: MIT
# deps.sh: install the Debian 12 packages that building and testing need, those that are
# missing only. Run by make deps, make run and make test.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PACKAGES="
ca-certificates debian-archive-keyring
tmux gcc g++ make patch pkg-config python3 python3-pip python3-docutils python3-sphinx
clang clang-format-14 libclang-rt-14-dev
flex bison bc m4 libelf-dev libssl-dev xz-utils lz4 zstd cpio kmod
dpkg-dev linux-headers-amd64 qemu-system-x86 busybox-static pciutils procps util-linux
libopenblas0-pthread
libpciaccess-dev libdrm-dev libzstd-dev liblz4-dev libxxhash-dev libjson-c-dev libncurses-dev
"

# shellcheck disable=SC2086
missing=$(comm -13 \
	<(dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u) \
	<(printf '%s\n' $PACKAGES | sort -u) | tr '\n' ' ')
[ -n "${missing// /}" ] || exit 0
[ "$(id -u)" = 0 ] || die "missing packages; as root: apt-get install --no-install-recommends $missing"

say "installing $missing"
export DEBIAN_FRONTEND=noninteractive
logged deps apt-get -qq -o DPkg::Lock::Timeout=600 update
# shellcheck disable=SC2086
logged deps apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends $missing
