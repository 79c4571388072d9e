// SPDX-License-Identifier: MIT
/* One entry: written as a whole, read with suspicion. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "internal.h"

/* An entry that was used is young again, at the price of one write in so many seconds. */
enum { TOUCH_AFTER = 3600 };

/**
 * struct entry_head - what an entry begins with, in the machine's byte order
 * @magic: ENTRY_MAGIC
 * @key: its key
 * @size: bytes that follow
 * @sum: XXH3 of those, seeded with the hash of what stands above
 */
struct entry_head {
	char magic[8];
	uint8_t key[VGPU_CACHE_KEY_SIZE];
	uint64_t size;
	uint64_t sum;
};

static const char ENTRY_MAGIC[8] = "vgpukc1";

static uint64_t checksum(const struct entry_head *h, const void *data)
{
	return XXH3_64bits_withSeed(data, h->size, XXH3_64bits(h, offsetof(struct entry_head, sum)));
}

void cache_path(const struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE], char path[PATH_MAX])
{
	char *p = path + sprintf(path, "%s/", c->folder);

	for (int i = 0; i < VGPU_CACHE_KEY_SIZE; i++)
		p += sprintf(p, "%02x", key[i]);
	strcpy(p, ENTRY_SUFFIX);
}

static bool read_all(int fd, void *buf, size_t size)
{
	for (char *p = buf; size;) {
		ssize_t n = read(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		size -= n;
	}
	return true;
}

static int write_all(int fd, const void *buf, size_t size)
{
	for (const char *p = buf; size;) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		size -= n;
	}
	return 0;
}

/* The content of an open entry, or NULL if it is not what it should be. */
static void *read_entry(int fd, const struct stat *st, const uint8_t *key, size_t *size)
{
	struct entry_head h;
	void *data;

	if (!S_ISREG(st->st_mode) || st->st_size < (off_t)sizeof(h) || st->st_size > (off_t)(sizeof(h) + ENTRY_MAX) ||
	    !read_all(fd, &h, sizeof(h)))
		return NULL;
	if (memcmp(h.magic, ENTRY_MAGIC, sizeof(h.magic)) || memcmp(h.key, key, sizeof(h.key)) ||
	    h.size != (uint64_t)st->st_size - sizeof(h))
		return NULL;
	data = malloc(h.size ? h.size : 1);
	if (!data || !read_all(fd, data, h.size) || checksum(&h, data) != h.sum) {
		free(data);
		return NULL;
	}
	*size = h.size;
	return data;
}

/* Only what this user wrote is believed: the sum is no secret, so that anybody's file can be right by it. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 022);
}

bool vgpu_cache_get(struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE], void **data, size_t *size)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (!c)
		return false;
	cache_path(c, key, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) || !is_ours(&st)) {
		close(fd);
		return false;
	}
	*data = read_entry(fd, &st, key, size);
	if (!*data)
		unlink(path);
	else if (time(NULL) - st.st_mtime > TOUCH_AFTER)
		futimens(fd, NULL);
	close(fd);
	return *data != NULL;
}

static int write_entry(int fd, const uint8_t *key, const void *data, size_t size)
{
	struct entry_head h = { .size = size };
	int err;

	memcpy(h.magic, ENTRY_MAGIC, sizeof(h.magic));
	memcpy(h.key, key, sizeof(h.key));
	h.sum = checksum(&h, data);
	err = write_all(fd, &h, sizeof(h));
	return err ? err : write_all(fd, data, size);
}

static int store(struct vgpu_cache *c, const uint8_t *key, const void *data, size_t size)
{
	char path[PATH_MAX], temp[PATH_MAX];
	struct cache_xfsz x;
	int fd, err;

	cache_path(c, key, path);
	snprintf(temp, sizeof(temp), "%s/" TEMP_PREFIX "XXXXXX", c->folder);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cache_hold_xfsz(&x);
	err = write_entry(fd, key, data, size);
	cache_release_xfsz(&x);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temp, path))
		err = -errno;
	if (err)
		unlink(temp);
	return err;
}

int vgpu_cache_put(struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE], const void *data, size_t size)
{
	uint64_t takes = cache_blocks(sizeof(struct entry_head) + size);
	int err;

	if (!c || size > ENTRY_MAX || takes > c->limit / 4)
		return -EFBIG;
	pthread_mutex_lock(&c->lock);
	err = c->failed;
	if (!err)
		err = cache_folder_ready(c);
	if (!err)
		err = store(c, key, data, size);
	if (err == -ENOENT) /* somebody removed the folder: made anew the next time */
		c->checked = false;
	else if (err)
		c->failed = err;
	else
		cache_added(c, takes);
	pthread_mutex_unlock(&c->lock);
	return err;
}

void vgpu_cache_drop(struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE])
{
	char path[PATH_MAX];

	if (!c)
		return;
	cache_path(c, key, path);
	unlink(path);
}
