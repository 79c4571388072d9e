#!/bin/bash
# SPDX-License-Identifier: MIT
# disks.sh PROGRAM: inside a bed, disks that refuse to store. Joins the programs' TAP.
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh
. ../lib/program.sh
export CUDA_CACHE_MAXSIZE=100000000 CUDA_CACHE_PATH=/tmp/disk ASAN_OPTIONS=detect_leaks=0
mkdir -p $CUDA_CACHE_PATH
mount -t tmpfs -o size=200k small $CUDA_CACHE_PATH
tap_program "no room" "$1" refuses 28		# ENOSPC
mount -o remount,ro $CUDA_CACHE_PATH
tap_program "read only" "$1" refuses 30	# EROFS
umount $CUDA_CACHE_PATH
mount -t tmpfs -o size=1m,nr_inodes=12 small $CUDA_CACHE_PATH
tap_program "no inode" "$1" refuses 28
echo "1..$TAP_DONE"
finish
