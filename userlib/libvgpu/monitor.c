// SPDX-License-Identifier: MIT
/* What monitoring tools ask for: sensors, samples, accounting, settings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libvgpu.h"
#include "sys.h"

/* The kernel says how many it keeps; what comes while we ask makes a second try. */
#define TRIES 4

/** vgpu_dev_sensors - what a card's sensors would say */
int vgpu_dev_sensors(const struct vgpu_dev *dev, struct vgpu_sensors *sensors)
{
	memset(sensors, 0, sizeof(*sensors));
	sensors->size = sizeof(*sensors);
	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_SENSORS, sensors);
}

static int get_samples(const struct vgpu_dev *dev, struct vgpu_samples *q)
{
	q->size = sizeof(*q);
	q->entry_size = sizeof(struct vgpu_sample);
	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_SAMPLES, q);
}

/**
 * vgpu_dev_samples - samples of a device or of its processes
 * @dev: device
 * @kind: VGPU_SAMPLES_*
 * @after_ns: only those after this CLOCK_REALTIME
 * @list: an array to free(), oldest first; NULL when there are none
 * @limit: the most that are kept
 *
 * Return: how many, or a negative errno.
 */
int vgpu_dev_samples(const struct vgpu_dev *dev, uint32_t kind, uint64_t after_ns, struct vgpu_sample **list,
		     uint32_t *limit)
{
	struct vgpu_samples q = { .kind = kind, .after_ns = after_ns };
	int r = get_samples(dev, &q);
	uint32_t room = q.limit;
	struct vgpu_sample *p;

	*list = NULL;
	*limit = q.limit;
	if (r || !q.count)
		return r;
	p = calloc(room, sizeof(*p));
	if (!p)
		return -ENOMEM;
	q.samples = (uintptr_t)p;
	q.count = room;
	r = get_samples(dev, &q);
	if (r || !q.count) {
		free(p);
		return r;
	}
	*list = p;
	return q.count < room ? q.count : room;
}

/**
 * vgpu_dev_newest_sample - the newest sample of a device
 * @dev: device
 * @sample: receives it
 *
 * Return: 0, -EAGAIN when there is none yet, or another negative errno.
 */
int vgpu_dev_newest_sample(const struct vgpu_dev *dev, struct vgpu_sample *sample)
{
	struct vgpu_samples q = {
		.kind = VGPU_SAMPLES_DEVICE,
		.samples = (uintptr_t)sample,
		.count = 1,
	};
	int r = get_samples(dev, &q);

	return r ? r : q.count ? 0 : -EAGAIN;
}

/**
 * vgpu_dev_accounts - the accounted processes of a device
 * @dev: device
 * @list: an array to free(): those that have ended, then those that run; NULL when there are none
 * @limit: the most ended ones that are kept
 *
 * Return: how many, or a negative errno.
 */
int vgpu_dev_accounts(const struct vgpu_dev *dev, struct vgpu_account **list, uint32_t *limit)
{
	uint32_t room = 16;

	*list = NULL;
	for (int i = 0; i < TRIES; i++) {
		struct vgpu_account *p = calloc(room, sizeof(*p));
		struct vgpu_accounts q = {
			.size = sizeof(q),
			.count = room,
			.accounts = (uintptr_t)p,
			.entry_size = sizeof(*p),
		};
		int r;

		if (!p)
			return -ENOMEM;
		r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_ACCOUNTS, &q);
		*limit = q.limit;
		if (!r && q.count && q.count <= room) {
			*list = p;
			return q.count;
		}
		free(p);
		if (r || !q.count)
			return r;
		room = q.count + 16;
	}
	return -EAGAIN;
}

/** vgpu_dev_set - change a device for everybody (VGPU_SET_*); needs CAP_SYS_ADMIN */
int vgpu_dev_set(const struct vgpu_dev *dev, uint32_t what, uint64_t value)
{
	struct vgpu_device_set s = { .size = sizeof(s), .what = what, .value = value };

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_DEVICE_SET, &s);
}
