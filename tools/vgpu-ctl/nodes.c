// SPDX-License-Identifier: MIT
/* The nodes of devices that cannot be opened: why, and what to type. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "output.h"
#include "vgpu-ctl.h"

/** gpu_index - the number of a device: what it says itself, or by its place on the bus, which is the same */
unsigned int gpu_index(const struct gpu *gpu)
{
	return gpu->is_open ? gpu->dev.info.index : gpu->have_vsec ? gpu->vsec.index : gpu->device;
}

/* Tries both names; the errno of the one that is there. */
static int try_open(unsigned int index, char path[32])
{
	static const char *const names[] = { "/dev/vgpu%u", "/dev/nvidia%u" };

	for (int i = 0; i < 2; i++) {
		int fd;

		snprintf(path, 32, i ? names[1] : names[0], index);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		if (fd >= 0 || errno != ENOENT)
			return fd < 0 ? errno : 0;
	}
	snprintf(path, 32, names[0], index);
	return ENOENT;
}

static void by_modes(const char *path, char *fix, size_t size)
{
	const struct group *g = NULL;
	struct stat st;

	if (!stat(path, &st) && (st.st_mode & 060) == 060 && st.st_gid)
		g = getgrgid(st.st_gid);
	if (g)
		snprintf(fix, size, "sudo usermod -aG %s $USER, then log in again", g->gr_name);
	else
		snprintf(fix, size, "sudo chmod a+rw %s (the udev rule of vgpu-tools gives nodes to the group render)",
			 path);
}

/**
 * node_advice - why a device's node cannot be opened
 * @gpu: the device
 * @why: what was found
 * @fix: what to type
 */
void node_advice(const struct gpu *gpu, char why[128], char fix[160])
{
	char path[32];
	int err = try_open(gpu_index(gpu), path);

	snprintf(why, 128, "%s cannot be opened (%s)", path, strerror(err));
	switch (err) {
	case 0:
		snprintf(why, 128, "%s opens, and is not understood: the module is of another version", path);
		snprintf(fix, 160, "sudo modprobe -r vgpu, then sudo modprobe vgpu");
		break;
	case EACCES:
		by_modes(path, fix, 160);
		break;
	case EPERM:
		snprintf(why, 128, "%s is forbidden by the device rules of this container", path);
		snprintf(fix, 160, "start the container with --device %s", path);
		break;
	case ENOENT:
		snprintf(why, 128, "%s does not exist", path);
		snprintf(fix, 160, "in a container, start it with --device %s; else sudo mount -t devtmpfs none /dev",
			 path);
		break;
	default:
		snprintf(fix, 160, "sudo dmesg says more");
	}
}

/** node_shut - say so of a device; the exit status */
int node_shut(const struct gpu *gpu)
{
	char why[128], fix[160];

	node_advice(gpu, why, fix);
	return fail(EXIT_FAILED, "GPU %u: %s; try: %s", gpu_index(gpu), why, fix);
}

/** nodes_shut - the exit status when devices were looked at: says so of each when none could be opened */
int nodes_shut(const struct gpu *gpus, int count)
{
	for (int i = 0; i < count; i++)
		if (gpus[i].is_open)
			return EXIT_DONE;
	for (int i = 0; i < count; i++)
		node_shut(&gpus[i]);
	return count ? EXIT_FAILED : EXIT_NO_DEVICE;
}
