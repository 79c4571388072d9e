// SPDX-License-Identifier: MIT
/* The system calls of libvgpu. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "libvgpu.h"
#include "sys.h"

int vgpu_sys_ioctl(int fd, unsigned long request, void *arg)
{
	int r;

	do {
		r = ioctl(fd, request, arg);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Where /dev may not be listed, as in some sandboxes: all the names that nodes can have. */
static void every_name(int (*fn)(const char *name, void *data), void *data)
{
	static const char *const kinds[] = { "vgpu", "nvidia" };
	char name[16];

	for (unsigned int i = 0; i < 2 * VGPU_MAX_DEVICES; i++) {
		snprintf(name, sizeof(name), "%s%u", kinds[i / VGPU_MAX_DEVICES], i % VGPU_MAX_DEVICES);
		if (fn(name, data))
			break;
	}
}

/* Until @fn has enough. Return: 0, or the error number with which the list broke off. */
static int list(DIR *dir, int (*fn)(const char *name, void *data), void *data)
{
	struct dirent *e;

	do {
		errno = 0;
		e = readdir(dir);
	} while (e && !fn(e->d_name, data));
	return e ? 0 : errno;
}

int vgpu_sys_nodes(int (*fn)(const char *name, void *data), void *data)
{
	DIR *dir = opendir("/dev");
	int err = dir ? list(dir, fn, data) : errno;

	if (dir)
		closedir(dir);
	if (err != EACCES && err != EPERM && err != ENOSYS)
		return -err;
	every_name(fn, data);
	return 0;
}

int vgpu_sys_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void vgpu_sys_close(int fd)
{
	close(fd);
}

int vgpu_sys_mmap(int fd, void *where, size_t size, int prot, off_t offset, void **p)
{
	void *m = mmap(where, size, prot, MAP_SHARED | (where ? MAP_FIXED : 0), fd, offset);

	if (m == MAP_FAILED)
		return -errno;
	*p = m;
	return 0;
}

void vgpu_sys_munmap(void *p, size_t size)
{
	munmap(p, size);
}
