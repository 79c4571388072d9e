// SPDX-License-Identifier: MIT
/* Where the cache lies: the environment, and the folder itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "internal.h"

#define LIMIT_DEFAULT (1ull << 30)
#define LIMIT_MAX     (4ull << 30)

/* A set-user-ID program must not write where its caller points it to. */
static const char *setting(const char *name)
{
	const char *v = secure_getenv(name);

	return v && *v ? v : NULL;
}

static const char *absolute(const char *name)
{
	const char *v = setting(name);

	return v && *v == '/' ? v : NULL;
}

static bool find_folder(char *folder, size_t size)
{
	const char *base, *rest;
	int n;

	if ((base = absolute("CUDA_CACHE_PATH")))
		rest = "/vgpu";
	else if ((base = absolute("XDG_CACHE_HOME")))
		rest = "/vgpu/code";
	else if ((base = absolute("HOME")))
		rest = "/.cache/vgpu/code";
	else
		return false;
	n = snprintf(folder, size, "%s%s", base, rest);
	return n > 0 && (size_t)n < size;
}

static uint64_t find_limit(void)
{
	const char *v = setting("CUDA_CACHE_MAXSIZE");
	unsigned long long limit;
	char *end;

	if (!v)
		return LIMIT_DEFAULT;
	errno = 0;
	limit = strtoull(v, &end, 10);
	if (errno || *end || *v == '-')
		return LIMIT_DEFAULT;
	return limit < LIMIT_MAX ? limit : LIMIT_MAX;
}

struct vgpu_cache *vgpu_cache_open(void)
{
	const char *off = setting("CUDA_CACHE_DISABLE");
	struct vgpu_cache *c;

	if (off && strcmp(off, "0"))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	if (!find_folder(c->folder, sizeof(c->folder))) {
		free(c);
		return NULL;
	}
	c->limit = find_limit();
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void vgpu_cache_close(struct vgpu_cache *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const char *vgpu_cache_folder(const struct vgpu_cache *c)
{
	return c->folder;
}

uint64_t vgpu_cache_limit(const struct vgpu_cache *c)
{
	return c->limit;
}

static int make_folders(const char *folder)
{
	char path[sizeof(((struct vgpu_cache *)0)->folder)];

	strcpy(path, folder);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0700) && errno != EEXIST && errno != EROFS && errno != EACCES)
			return -errno;
		*p = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int cache_folder_ready(struct vgpu_cache *c)
{
	struct stat st;
	int err;

	if (c->checked)
		return 0;
	err = make_folders(c->folder);
	if (err)
		return err;
	if (lstat(c->folder, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return -EPERM;
	c->checked = true;
	return 0;
}
