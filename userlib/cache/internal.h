/* SPDX-License-Identifier: MIT */
/* What the files of the cache share. */
#ifndef VGPU_CACHE_INTERNAL_H
#define VGPU_CACHE_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include "cache.h"

#define ENTRY_SUFFIX ".code"
#define TEMP_PREFIX  ".new-"
#define SUM_NAME     ".bytes"

/* No kernel compiles to more: what is larger is damage. */
#define ENTRY_MAX (64u << 20)

/**
 * struct vgpu_cache - an open cache
 * @folder: absolute path
 * @limit: bound in bytes
 * @lock: guards what follows
 * @failed: the errno after which nothing more is stored
 * @checked: the folder was found to be there and ours
 * @alone: the sum of what all entries take could not be had last time (bound.c)
 * @owed: bytes that were stored and are not in that sum yet
 * @room: bytes that may be stored without it before the folder is looked at
 *
 * No descriptor is kept: programs close those that they do not know.
 */
struct vgpu_cache {
	char folder[PATH_MAX - 64];
	uint64_t limit;
	pthread_mutex_t lock;
	int failed;
	bool checked, alone;
	uint64_t owed, room;
};

/* Blocks of 4 KiB, as most file systems count. */
static inline uint64_t cache_blocks(uint64_t size)
{
	return (size + 4095) & ~4095ull;
}

void cache_path(const struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE], char path[PATH_MAX]);

/**
 * struct cache_xfsz - while this thread writes to files of the cache
 * @set: SIGXFSZ
 * @old: what was blocked before
 * @pending: it was there already, and is not ours
 */
struct cache_xfsz {
	sigset_t set, old;
	bool pending;
};

/* xfsz.c: writing beyond the limit for files (RLIMIT_FSIZE) is EFBIG between the two, and no signal. errno may change. */
void cache_hold_xfsz(struct cache_xfsz *x);
void cache_release_xfsz(struct cache_xfsz *x);

/* folder.c: make the folder, and see that nobody else may write there. */
int cache_folder_ready(struct vgpu_cache *c);

/* bound.c: an entry of @size was added; removes the oldest when there are too many. With the lock held. */
void cache_added(struct vgpu_cache *c, uint64_t size);

#endif
