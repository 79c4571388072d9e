// SPDX-License-Identifier: MIT
/* The cache as a whole: how much there is, and less of it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "internal.h"

/* A temporary file this old (seconds) has lost its writer. */
enum { TEMP_AGE = 3600 };

struct found {
	char name[48];
	uint64_t takes;
	struct timespec used;
};

/**
 * struct listing - the entries of the folder
 * @dir: the folder
 * @found: entries
 * @n: their number
 * @room: entries that @found has room for
 * @bytes: what they take
 */
struct listing {
	DIR *dir;
	struct found *found;
	size_t n, room;
	uint64_t bytes;
};

static bool is_entry(const char *name)
{
	size_t n = strlen(name), s = strlen(ENTRY_SUFFIX);

	return n == 2 * VGPU_CACHE_KEY_SIZE + s && !strcmp(name + n - s, ENTRY_SUFFIX) &&
	       strspn(name, "0123456789abcdef") == n - s;
}

static int add(struct listing *l, const char *name, const struct stat *st)
{
	struct found *f;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 256;

		f = reallocarray(l->found, room, sizeof(*f));
		if (!f)
			return -ENOMEM;
		l->found = f;
		l->room = room;
	}
	f = &l->found[l->n++];
	strcpy(f->name, name);
	f->takes = cache_blocks(st->st_size);
	f->used = st->st_mtim;
	l->bytes += f->takes;
	return 0;
}

static int list(struct vgpu_cache *c, struct listing *l)
{
	struct dirent *d;
	struct stat st;
	int err = 0;

	memset(l, 0, sizeof(*l));
	l->dir = opendir(c->folder);
	if (!l->dir)
		return -errno;
	while (!err && (d = readdir(l->dir))) {
		bool temp = !strncmp(d->d_name, TEMP_PREFIX, strlen(TEMP_PREFIX));

		if ((!temp && !is_entry(d->d_name)) ||
		    fstatat(dirfd(l->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!temp)
			err = add(l, d->d_name, &st);
		else if (time(NULL) - st.st_mtime > TEMP_AGE)
			unlinkat(dirfd(l->dir), d->d_name, 0);
	}
	return err;
}

static void list_end(struct listing *l)
{
	if (l->dir)
		closedir(l->dir);
	free(l->found);
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct found *)a)->used, *y = &((const struct found *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Removes what was not used for longest, until the rest takes no more than @target. */
static uint64_t shrink(struct listing *l, uint64_t target)
{
	uint64_t left = l->bytes;

	qsort(l->found, l->n, sizeof(*l->found), by_use);
	for (size_t i = 0; i < l->n && left > target; i++)
		if (!unlinkat(dirfd(l->dir), l->found[i].name, 0) || errno == ENOENT)
			left -= l->found[i].takes;
	return left;
}

void cache_added(struct vgpu_cache *c, uint64_t size)
{
	struct listing l;

	if (c->bytes >= 0)
		c->bytes += size;
	if (c->bytes >= 0 && (uint64_t)c->bytes <= c->limit)
		return;
	/* the first time, or too much by our own count, which knows no other process */
	if (list(c, &l))
		c->bytes = 0;
	else
		c->bytes = l.bytes > c->limit ? shrink(&l, c->limit / 4 * 3) : l.bytes;
	list_end(&l);
}

int vgpu_cache_usage(struct vgpu_cache *c, struct vgpu_cache_usage *u)
{
	struct listing l;
	int err = list(c, &l);

	*u = (struct vgpu_cache_usage){ .entries = l.n, .bytes = l.bytes };
	list_end(&l);
	return err == -ENOENT ? 0 : err;
}

int vgpu_cache_clear(struct vgpu_cache *c, struct vgpu_cache_usage *u)
{
	struct listing l;
	int err = list(c, &l);

	*u = (struct vgpu_cache_usage){ .entries = l.n, .bytes = l.bytes };
	if (!err && shrink(&l, 0))
		err = -EACCES;
	list_end(&l);
	pthread_mutex_lock(&c->lock);
	c->bytes = -1;
	pthread_mutex_unlock(&c->lock);
	return err == -ENOENT ? 0 : err;
}
