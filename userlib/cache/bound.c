// SPDX-License-Identifier: MIT
/* The cache as a whole: how much there is, and less of it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

		if ((!temp && !is_entry(d->d_name)) || fstatat(dirfd(l->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
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

	if (l->n)
		qsort(l->found, l->n, sizeof(*l->found), by_use);
	for (size_t i = 0; i < l->n && left > target; i++)
		if (!unlinkat(dirfd(l->dir), l->found[i].name, 0) || errno == ENOENT)
			left -= l->found[i].takes;
	return left;
}

/*
 * What the entries take together is kept in a file beside them, so that nobody
 * has to look at all of them before a kernel can run. It may be too much, for
 * what is removed alone is not taken off, or too little by what a writer that
 * died had stored: the folder itself says what it is whenever the sum has
 * reached the limit.
 */
struct sum {
	uint64_t magic, bytes;
};

static const uint64_t SUM_MAGIC = 0x6d75732d75706776;

/* It is locked for two system calls. Whoever has had it for that many milliseconds has stopped, or died and left it to a child. */
enum { SUM_PATIENCE = 100 };

static void sum_path(const struct vgpu_cache *c, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", c->folder, SUM_NAME);
}

/* Waited for in vain once, it is asked for only once each time, until it can be had. */
static bool lock(struct vgpu_cache *c, int fd)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };
	int left = c->alone ? 0 : SUM_PATIENCE;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || !left--)
			return false;
		nanosleep(&ms, NULL);
	}
	return true;
}

/* The sum, locked until it is written, and whether it is known; -1 where it cannot be had. */
static int sum_lock(struct vgpu_cache *c, bool *known, uint64_t *bytes)
{
	char path[PATH_MAX];
	struct sum s = { 0 };
	struct stat st;
	int fd;

	sum_path(c, path);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode) || !lock(c, fd))) {
		close(fd);
		fd = -1;
	}
	c->alone = fd < 0;
	if (c->alone)
		return fd;
	/* More than any disk has is damage, and would wrap. */
	*known = pread(fd, &s, sizeof(s), 0) == sizeof(s) && s.magic == SUM_MAGIC && s.bytes < 1ull << 62;
	*bytes = *known ? s.bytes : 0;
	return fd;
}

/* Closing alone would leave it locked while a child that another thread has forked meanwhile lives. */
static void sum_unlock(int fd, uint64_t bytes)
{
	struct sum s = { SUM_MAGIC, bytes };
	struct cache_xfsz x;

	cache_hold_xfsz(&x);
	if (pwrite(fd, &s, sizeof(s), 0) != sizeof(s))
		(void)!ftruncate(fd, 0); /* not known: whoever comes next looks */
	cache_release_xfsz(&x);
	flock(fd, LOCK_UN);
	close(fd);
}

/* What the folder takes, less of it if that is too much. */
static uint64_t survey(struct vgpu_cache *c)
{
	struct listing l;
	uint64_t bytes = 0;

	if (!list(c, &l))
		bytes = l.bytes > c->limit ? shrink(&l, c->limit / 4 * 3) : l.bytes;
	list_end(&l);
	return bytes;
}

/*
 * Without the sum a process looks at the folder for its first entry, and again
 * whenever it has stored what there was room for, or a sixteenth of the limit:
 * others may be storing, too.
 */
static void added_alone(struct vgpu_cache *c, uint64_t size)
{
	uint64_t found, room = c->limit / 16;

	c->owed += size;
	if (size <= c->room) {
		c->room -= size;
		return;
	}
	found = survey(c);
	c->room = found > c->limit ? 0 : c->limit - found;
	if (c->room > room)
		c->room = room;
}

/* The folder is looked at without the lock. Meanwhile the sum is what it will be about, so that nobody else looks, too. */
void cache_added(struct vgpu_cache *c, uint64_t size)
{
	uint64_t sum, found, guess = c->limit / 4 * 3;
	bool known;
	int fd = sum_lock(c, &known, &sum);

	if (fd < 0) {
		added_alone(c, size);
		return;
	}
	sum += size + c->owed;
	c->owed = 0;
	if (known && sum <= c->limit) {
		sum_unlock(fd, sum);
		return;
	}
	sum_unlock(fd, guess);
	found = survey(c);
	fd = sum_lock(c, &known, &sum);
	if (fd < 0)
		c->owed = found > guess ? found - guess : 0;
	else
		sum_unlock(fd, found + (sum > guess ? sum - guess : 0));
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
	char path[PATH_MAX];
	struct listing l;
	int err = list(c, &l);

	*u = (struct vgpu_cache_usage){ .entries = l.n, .bytes = l.bytes };
	if (!err && shrink(&l, 0))
		err = -EACCES;
	list_end(&l);
	sum_path(c, path);
	unlink(path);
	return err == -ENOENT ? 0 : err;
}
