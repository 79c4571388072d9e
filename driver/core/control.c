// SPDX-License-Identifier: GPL-2.0
/*
 * DEVICE_SET: what an administrator changes about a device, for everybody.
 */
#include <linux/capability.h>

#include "ioctl.h"
#include "vgpu.h"

static void set_accounting(struct vgpu_monitor *mon, bool on)
{
	spin_lock(&mon->lock);
	WRITE_ONCE(mon->accounting, on);
	if (!on)
		vgpu_account_forget(mon);
	spin_unlock(&mon->lock);
}

static void forget_accounts(struct vgpu_monitor *mon)
{
	spin_lock(&mon->lock);
	vgpu_account_forget(mon);
	spin_unlock(&mon->lock);
}

static void clear_ecc(struct vgpu_device *dev, unsigned int which)
{
	atomic64_set(&dev->ecc_single[which], 0);
	atomic64_set(&dev->ecc_double[which], 0);
}

/* The largest value that each may have. */
static const u64 largest[] = {
	[VGPU_SET_COMPUTE_MODE] = VGPU_COMPUTE_PROHIBITED,
	[VGPU_SET_PERSISTENCE] = 1,
	[VGPU_SET_ACCOUNTING] = 1,
	[VGPU_SET_CLEAR_ACCOUNTS] = 0,
	[VGPU_SET_CLEAR_ECC] = VGPU_ECC_AGGREGATE,
};

int vgpu_ioctl_device_set(struct vgpu_file *vf, void *arg)
{
	struct vgpu_device *dev = vf->dev;
	struct vgpu_device_set *s = arg;

	if (s->what >= ARRAY_SIZE(largest) || s->value > largest[s->what])
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (s->what) {
	case VGPU_SET_COMPUTE_MODE:
		spin_lock(&dev->ctx_lock);
		WRITE_ONCE(dev->mon->compute_mode, s->value);
		spin_unlock(&dev->ctx_lock);
		break;
	case VGPU_SET_PERSISTENCE:
		WRITE_ONCE(dev->mon->persistence, s->value);
		break;
	case VGPU_SET_ACCOUNTING:
		set_accounting(dev->mon, s->value);
		break;
	case VGPU_SET_CLEAR_ACCOUNTS:
		forget_accounts(dev->mon);
		break;
	case VGPU_SET_CLEAR_ECC:
		clear_ecc(dev, s->value);
		break;
	}
	return 0;
}
