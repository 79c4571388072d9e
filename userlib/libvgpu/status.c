// SPDX-License-Identifier: MIT
/* Who uses a device, and what has gone wrong on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libvgpu.h"
#include "sys.h"

/* Processes can come while we ask: retry with more room, but not for ever. */
#define LIST_TRIES 8

/**
 * vgpu_dev_processes - the processes that use a device
 * @dev: device
 * @list: an array to free(); NULL when there are none
 *
 * Return: how many, or a negative errno.
 */
int vgpu_dev_processes(const struct vgpu_dev *dev, struct vgpu_process **list)
{
	uint32_t room = 16;

	*list = NULL;
	for (int i = 0; i < LIST_TRIES; i++) {
		struct vgpu_process *p = calloc(room, sizeof(*p));
		struct vgpu_process_list query = {
			.size = sizeof(query),
			.count = room,
			.processes = (uintptr_t)p,
			.entry_size = sizeof(*p),
		};
		int r;

		if (!p)
			return -ENOMEM;
		r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_PROCESS_LIST, &query);
		if (!r && query.count && query.count <= room) {
			*list = p;
			return query.count;
		}
		free(p);
		if (r || !query.count)
			return r;
		room = query.count + 16;
	}
	return -EAGAIN;
}

/**
 * vgpu_dev_event - the next event of a device
 * @dev: device
 * @after: number of the last event seen, 0 at first; becomes this one's
 * @lost: events between that were overwritten
 * @fault: what happened
 *
 * Return: 0, -EAGAIN when there is none newer, or another negative errno.
 */
int vgpu_dev_event(const struct vgpu_dev *dev, uint64_t *after, uint32_t *lost, struct vgpu_fault *fault)
{
	struct vgpu_event_query query = {
		.size = sizeof(query),
		.after = *after,
		.fault_size = sizeof(*fault),
		.fault = (uintptr_t)fault,
	};
	int r;

	memset(fault, 0, sizeof(*fault));
	r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_EVENT_QUERY, &query);
	if (r)
		return r;
	*after = query.after;
	*lost = query.lost;
	return 0;
}

/** vgpu_dev_inject - make a device fail; see struct vgpu_inject. Needs CAP_SYS_ADMIN */
int vgpu_dev_inject(const struct vgpu_dev *dev, uint32_t kind, uint64_t value)
{
	struct vgpu_inject a = { .size = sizeof(a), .kind = kind, .value = value };

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_INJECT, &a);
}

/** vgpu_dev_reset - bring a device back to where it was at first. Needs CAP_SYS_ADMIN */
int vgpu_dev_reset(const struct vgpu_dev *dev, bool force)
{
	struct vgpu_reset a = { .size = sizeof(a), .flags = force ? VGPU_RESET_FORCE : 0 };

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_RESET, &a);
}
