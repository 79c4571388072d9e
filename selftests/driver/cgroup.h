/* SPDX-License-Identifier: MIT */
/* A control group with a bound on its memory. */
#ifndef SELFTESTS_DRIVER_CGROUP_H
#define SELFTESTS_DRIVER_CGROUP_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS	"/tmp/vgpu-cgroup"
#define GROUP	GROUPS "/small"

/* 0 when it was written */
static inline int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), bad = fd < 0 || write(fd, text, strlen(text)) < 0;

	close(fd);
	return bad;
}

/* Whether there is one now. */
static inline bool make_group(void)
{
	mkdir(GROUPS, 0755);
	if (!mount("none", GROUPS, "cgroup2", 0, NULL) && !put(GROUPS "/cgroup.subtree_control", "+memory") &&
	    !mkdir(GROUP, 0755))
		return true;
	umount(GROUPS);
	return false;
}

/* What it says of itself in a file that holds one number, or 0. */
static inline unsigned long long group_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);
	long n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

/* Nobody is in it any more: 0 when it has gone. */
static inline int remove_group(void)
{
	int bad = rmdir(GROUP) || umount(GROUPS);

	rmdir(GROUPS);
	return bad;
}

#endif
