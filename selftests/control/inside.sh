#!/bin/bash
# SPDX-License-Identifier: MIT
# inside.sh [PART...]: the tests in a bed, or some of them. PART=chosen: those that another kernel could change. VGPU_KO is the module, CONFIGFS_KO its second one,
# KERNEL_DIR the kernel's folder in the cache.
cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
ctl=$top/build/tools/vgpu-ctl/vgpu-ctl
client=$top/build/selftests/control/client
json=$top/build/selftests/faces/json
tmp=$(mktemp -d)
# Seconds that a client may live: emulated and watched by KASAN or KCSAN it starts in a minute.
patience=60
case ${VGPU_KERNEL:-} in kasan | kcsan) patience=300 ;; esac
. ../lib/tap.sh
. ../lib/rmmod.sh
for file in lib failures devices tracing words; do
	. ./$file.sh
done
echo "TAP version 13"

cp "$client" "$tmp/client"	# a name of its own for pgrep
client=$tmp/client
all="commands busy names doctor xids lost hang speed every_nth nvml staying xid_words large visible runtime by_hand tracing"
case ${VGPU_KERNEL:-} in
kasan | kcsan) all="xids lost hang every_nth staying runtime by_hand tracing" ;;
6.*) ;;	# commands' words are the same in every kernel, and hundreds of programs: minutes in an emulator
*) all="errors completion $all" ;;
esac
[ "${PART:-}" != chosen ] || all="xids lost hang every_nth visible runtime by_hand tracing"
parts=${*:-$all}
for part in $parts; do
	echo "# $part"
	$part
done
rm -rf "$tmp"
echo "1..$TAP_DONE"
finish
