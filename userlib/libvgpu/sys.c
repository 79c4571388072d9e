// SPDX-License-Identifier: MIT
/* The system calls of libvgpu. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "sys.h"

int vgpu_sys_ioctl(int fd, unsigned long request, void *arg)
{
	int r;

	do {
		r = ioctl(fd, request, arg);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int vgpu_sys_nodes(int (*fn)(const char *name, void *data), void *data)
{
	DIR *dir = opendir("/dev");
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (fn(e->d_name, data))
			break;
	closedir(dir);
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
