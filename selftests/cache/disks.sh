#!/bin/bash
# SPDX-License-Identifier: MIT
# disks.sh PROGRAM: inside a bed, disks that refuse to store. Prints the programs' TAP and one plan.
export CUDA_CACHE_MAXSIZE=100000000 CUDA_CACHE_PATH=/tmp/disk ASAN_OPTIONS=detect_leaks=0
mkdir -p $CUDA_CACHE_PATH
mount -t tmpfs -o size=200k small $CUDA_CACHE_PATH
"$1" refuses 28 | grep -v '^1\.\.'	# ENOSPC
mount -o remount,ro $CUDA_CACHE_PATH
"$1" refuses 30 | grep -v '^1\.\.'	# EROFS
umount $CUDA_CACHE_PATH
mount -t tmpfs -o size=1m,nr_inodes=12 small $CUDA_CACHE_PATH
"$1" refuses 28				# no inode left
