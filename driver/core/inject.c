// SPDX-License-Identifier: GPL-2.0
/*
 * Failures on request, and RESET, which ends them: what an administrator can make a device
 * do, so that the error paths of programs, schedulers and monitors can be tested.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/ratelimit.h>

#include "../pci/pci.h"
#include "../sched/sched.h"
#include "ioctl.h"
#include "model.h"
#include "vgpu.h"

#define MAX_SINGLE	1000000u
#define MAX_PERCENT	100000u
#define MAX_TEMPERATURE	150u
#define MAX_XID		999u
#define THROTTLE_ALL	(VGPU_THROTTLE_POWER | VGPU_THROTTLE_THERMAL | VGPU_THROTTLE_HARDWARE)

/* What happens to a device for an Xid. */
enum effect {
	ENDS,		/* its contexts end */
	LOSES,		/* it is lost */
	NOTICE,		/* nothing */
};

/* Xids that do something else than end contexts as INJECTED; NVIDIA's Xid catalogue. */
static const struct {
	u16 xid;
	u16 kind;
	enum effect effect;
} xids[] = {
	{ 8,	VGPU_FAULT_TIMEOUT,	ENDS },
	{ 31,	VGPU_FAULT_ADDRESS,	ENDS },
	{ 48,	VGPU_FAULT_ECC,	ENDS },
	{ 63,	VGPU_EVENT_NOTICE,	NOTICE },	/* a row was remapped */
	{ 64,	VGPU_EVENT_NOTICE,	NOTICE },	/* ... could not be */
	{ 79,	VGPU_FAULT_LOST,	LOSES },
	{ 92,	VGPU_EVENT_NOTICE,	NOTICE },	/* many corrected errors */
	{ 94,	VGPU_FAULT_ECC,	ENDS },
	{ 95,	VGPU_FAULT_ECC,	ENDS },
	{ 109,	VGPU_FAULT_TIMEOUT,	ENDS },
	{ 119,	VGPU_FAULT_LOST,	LOSES },	/* the GPU's own processor is silent */
	{ 120,	VGPU_FAULT_LOST,	LOSES },
};

/** vgpu_inject_init - a device that works */
void vgpu_inject_init(struct vgpu_device *dev)
{
	mutex_init(&dev->injection.lock);
	dev->injection.slow_percent = 100;
}

/** vgpu_inject_status - the part of DEVICE_STATUS that tells of failures */
void vgpu_inject_status(struct vgpu_device *dev, struct vgpu_device_status *st)
{
	struct vgpu_injection *in = &dev->injection;

	st->state = READ_ONCE(dev->state);
	if (READ_ONCE(dev->pause.hung))
		st->state |= VGPU_STATE_HUNG;
	st->throttle = READ_ONCE(in->throttle);
	st->temperature = READ_ONCE(in->temperature);
	st->slow_percent = READ_ONCE(dev->pause.percent);
	st->alloc_fail_every = READ_ONCE(in->alloc_every);
	st->launch_fail_every = READ_ONCE(in->launch_every);
	st->resets = READ_ONCE(in->resets);
}

static bool nth(u32 every, atomic_t *count)
{
	return every && !((u32)atomic_inc_return(count) % every);
}

/** vgpu_inject_alloc_fails - whether this allocation of VRAM is to fail */
bool vgpu_inject_alloc_fails(struct vgpu_device *dev)
{
	return nth(READ_ONCE(dev->injection.alloc_every), &dev->injection.allocs);
}

/** vgpu_inject_launch_fails - whether this launch is to fail */
bool vgpu_inject_launch_fails(struct vgpu_device *dev)
{
	return nth(READ_ONCE(dev->injection.launch_every), &dev->injection.launches);
}

/* ---- under injection.lock */

/* An event of the device, not of one process. Ends every context with @ends, unless that is NONE. */
static void announce(struct vgpu_device *dev, u32 kind, u32 xid, s64 detail, u32 ends)
{
	struct vgpu_fault f = {
		.kind = kind,
		.xid = xid,
		.lane = ~0u,
		.time_ns = ktime_get_real_ns(),
		.detail = detail,
	};

	f.event = vgpu_event_post(dev, &f, NULL);
	f.kind = ends;
	if (ends != VGPU_FAULT_NONE)
		vgpu_ctx_fault_all(dev, &f);
}

/* Tell what brings the device back, where that has changed. */
static void tell_recovery(struct vgpu_device *dev)
{
	struct vgpu_injection *in = &dev->injection;
	bool ill = READ_ONCE(dev->pause.hung) || READ_ONCE(dev->state) & VGPU_STATE_LOST;
	u32 action = ill ? VGPU_RECOVERY_RESET : VGPU_RECOVERY_NONE;

	if (action == in->recovery || READ_ONCE(dev->state) & VGPU_STATE_REMOVED)
		return;
	in->recovery = action;
	announce(dev, VGPU_EVENT_RECOVERY, vgpu_fault_xid(VGPU_EVENT_RECOVERY), action, VGPU_FAULT_NONE);
}

/* Nothing new begins from here on; what waits in the kernel is let go. */
static void set_gone(struct vgpu_device *dev, unsigned long state)
{
	WRITE_ONCE(dev->state, dev->state | state);
	wake_up_all(&dev->pause.wait);
}

static int lose(struct vgpu_device *dev, u32 xid)
{
	if (vgpu_device_gone(dev))
		return -ENODEV;
	set_gone(dev, VGPU_STATE_LOST);
	vgpu_pci_lost(dev->index, true);
	announce(dev, VGPU_FAULT_LOST, xid, 0, VGPU_FAULT_LOST);
	tell_recovery(dev);
	return 0;
}

static int double_bit(struct vgpu_device *dev, u32 xid)
{
	announce(dev, VGPU_EVENT_ECC_DOUBLE, xid, 0, VGPU_FAULT_ECC);
	return 0;
}

static int single_bit(struct vgpu_device *dev, u64 n)
{
	if (!n || n > MAX_SINGLE)
		return -EINVAL;
	announce(dev, VGPU_EVENT_ECC_SINGLE, 0, n, VGPU_FAULT_NONE);
	return 0;
}

static int inject_xid(struct vgpu_device *dev, u64 xid)
{
	int i;

	if (!xid || xid > MAX_XID)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(xids) && xids[i].xid != xid; i++)
		;
	if (i < ARRAY_SIZE(xids) && xids[i].effect == LOSES)
		return lose(dev, xid);
	if (i < ARRAY_SIZE(xids) && xids[i].kind == VGPU_FAULT_ECC)
		return double_bit(dev, xid);
	if (i == ARRAY_SIZE(xids))
		announce(dev, VGPU_FAULT_INJECTED, xid, 0, VGPU_FAULT_INJECTED);
	else
		announce(dev, xids[i].kind, xid, 0,
			 xids[i].effect == ENDS ? xids[i].kind : VGPU_FAULT_NONE);
	return 0;
}

/* Half the clocks while anything throttles, on top of what slows it down. */
static void set_speed(struct vgpu_device *dev)
{
	struct vgpu_injection *in = &dev->injection;
	bool half = in->throttle || in->temperature * 1000 >= VGPU_SLOWDOWN_MDEG;
	u32 percent = in->slow_percent * (half ? 2 : 1), before = dev->pause.percent;

	vgpu_pause_speed(dev, percent);
	if (percent != before && !vgpu_device_gone(dev))
		announce(dev, VGPU_EVENT_CLOCKS, 0, percent, VGPU_FAULT_NONE);
}

static int hang(struct vgpu_device *dev, bool on)
{
	vgpu_pause_hang(dev, on);
	tell_recovery(dev);
	return 0;
}

static int set_slow(struct vgpu_device *dev, u64 percent)
{
	if (percent < 100 || percent > MAX_PERCENT)
		return -EINVAL;
	WRITE_ONCE(dev->injection.slow_percent, percent);
	set_speed(dev);
	return 0;
}

static int set_throttle(struct vgpu_device *dev, u64 reasons)
{
	if (reasons & ~(u64)THROTTLE_ALL)
		return -EINVAL;
	WRITE_ONCE(dev->injection.throttle, reasons);
	set_speed(dev);
	return 0;
}

static int set_temperature(struct vgpu_device *dev, u64 celsius)
{
	if (celsius > MAX_TEMPERATURE)
		return -EINVAL;
	WRITE_ONCE(dev->injection.temperature, celsius);
	set_speed(dev);
	return celsius * 1000 >= VGPU_SHUTDOWN_MDEG ? lose(dev, 79) : 0;
}

static int set_every(u32 *every, atomic_t *count, u64 n)
{
	if (n > INT_MAX)
		return -EINVAL;
	atomic_set(count, 0);
	WRITE_ONCE(*every, n);
	return 0;
}

static int clear(struct vgpu_device *dev)
{
	struct vgpu_injection *in = &dev->injection;

	set_every(&in->alloc_every, &in->allocs, 0);
	set_every(&in->launch_every, &in->launches, 0);
	WRITE_ONCE(in->throttle, 0);
	WRITE_ONCE(in->temperature, 0);
	set_slow(dev, 100);
	return hang(dev, false);
}

static int inject(struct vgpu_device *dev, const struct vgpu_inject *a)
{
	struct vgpu_injection *in = &dev->injection;
	bool ecc = a->kind == VGPU_INJECT_ECC_SINGLE || a->kind == VGPU_INJECT_ECC_DOUBLE;

	if (ecc && !(vgpu_model_features(dev->model) & VGPU_FEATURE_ECC))
		return -EOPNOTSUPP;
	switch (a->kind) {
	case VGPU_INJECT_XID:
		return inject_xid(dev, a->value);
	case VGPU_INJECT_ECC_SINGLE:
		return single_bit(dev, a->value);
	case VGPU_INJECT_SLOW:
		return set_slow(dev, a->value);
	case VGPU_INJECT_THROTTLE:
		return set_throttle(dev, a->value);
	case VGPU_INJECT_THERMAL:
		return set_temperature(dev, a->value);
	case VGPU_INJECT_ALLOC_FAIL:
		return set_every(&in->alloc_every, &in->allocs, a->value);
	case VGPU_INJECT_LAUNCH_FAIL:
		return set_every(&in->launch_every, &in->launches, a->value);
	}
	if (a->value)
		return -EINVAL;
	switch (a->kind) {
	case VGPU_INJECT_CLEAR:
		return clear(dev);
	case VGPU_INJECT_ECC_DOUBLE:
		return double_bit(dev, 48);
	case VGPU_INJECT_LOST:
		return lose(dev, 79);
	case VGPU_INJECT_HANG:
		return hang(dev, true);
	}
	return -EINVAL;
}

/* What is there until it is taken back is told of here; the rest are events themselves. */
static void tell(struct vgpu_device *dev, const struct vgpu_inject *a)
{
	if (a->kind == VGPU_INJECT_CLEAR || a->kind >= VGPU_INJECT_HANG)
		announce(dev, VGPU_EVENT_INJECTED, 0, (s64)a->kind << 32 | a->value, VGPU_FAULT_NONE);
}

/* ---- end of under injection.lock */

static const struct {
	const char *name;
	bool has_value;
} kinds[] = {
	[VGPU_INJECT_CLEAR]		= { "clear", false },
	[VGPU_INJECT_XID]		= { "Xid", true },
	[VGPU_INJECT_ECC_SINGLE]	= { "corrected memory errors", true },
	[VGPU_INJECT_ECC_DOUBLE]	= { "uncorrected memory error", false },
	[VGPU_INJECT_LOST]		= { "off the bus", false },
	[VGPU_INJECT_HANG]		= { "hang", false },
	[VGPU_INJECT_SLOW]		= { "percent of the time that work takes", true },
	[VGPU_INJECT_THROTTLE]		= { "throttle reasons", true },
	[VGPU_INJECT_THERMAL]		= { "temperature", true },
	[VGPU_INJECT_ALLOC_FAIL]	= { "one allocation fails in", true },
	[VGPU_INJECT_LAUNCH_FAIL]	= { "one launch fails in", true },
};

/* An administrator's loop does not fill the log either. */
static bool vgpu_inject_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(rs, 5 * HZ, 100);

	return __ratelimit(&rs);
}

static void log_injection(const struct vgpu_device *dev, const struct vgpu_inject *a)
{
	const char *name = kinds[a->kind].name;

	if (!kinds[a->kind].has_value)
		pr_notice("GPU %u: injected: %s\n", dev->index, name);
	else if (a->value)
		pr_notice("GPU %u: injected: %s: %llu\n", dev->index, name, a->value);
	else
		pr_notice("GPU %u: injected: %s: none\n", dev->index, name);
}

int vgpu_ioctl_inject(struct vgpu_file *vf, void *arg)
{
	struct vgpu_inject *a = arg;
	struct vgpu_device *dev = vf->dev;
	int rc;

	if (a->flags || a->reserved || a->kind >= ARRAY_SIZE(kinds))
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (mutex_lock_killable(&dev->injection.lock))
		return -EINTR;
	rc = vgpu_device_gone(dev) && a->kind != VGPU_INJECT_CLEAR ? -ENODEV : inject(dev, a);
	if (!rc)
		tell(dev, a);
	mutex_unlock(&dev->injection.lock);
	if (!rc && vgpu_inject_may_log())
		log_injection(dev, a);
	return rc;
}

static int reset(struct vgpu_device *dev, bool force)
{
	struct vgpu_injection *in = &dev->injection;

	if (READ_ONCE(dev->state) & VGPU_STATE_REMOVED)
		return -ENODEV;
	if (!force && vgpu_ctx_any_alive(dev))
		return -EBUSY;
	announce(dev, VGPU_FAULT_RESET, 0, 0, VGPU_FAULT_RESET);
	clear(dev);
	atomic64_set(&dev->ecc_single[VGPU_ECC_VOLATILE], 0);
	atomic64_set(&dev->ecc_double[VGPU_ECC_VOLATILE], 0);
	spin_lock(&dev->mon->lock);
	vgpu_sensors_init(dev);	/* as cool and calm as a new one */
	spin_unlock(&dev->mon->lock);
	WRITE_ONCE(in->resets, in->resets + 1);
	WRITE_ONCE(dev->state, dev->state & ~(unsigned long)VGPU_STATE_LOST);
	vgpu_pci_lost(dev->index, false);
	tell_recovery(dev);
	return 0;
}

int vgpu_ioctl_reset(struct vgpu_file *vf, void *arg)
{
	struct vgpu_reset *a = arg;
	struct vgpu_device *dev = vf->dev;
	int rc;

	if (a->flags & ~VGPU_RESET_FORCE)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (mutex_lock_killable(&dev->injection.lock))
		return -EINTR;
	rc = reset(dev, a->flags & VGPU_RESET_FORCE);
	mutex_unlock(&dev->injection.lock);
	if (!rc) {
		vgpu_ctx_empty_dead(dev);
		if (vgpu_inject_may_log())
			pr_notice("GPU %u: reset\n", dev->index);
	}
	return rc;
}

/**
 * vgpu_inject_remove - the device is unplugged: end what uses it, for ever
 * @dev: device
 */
void vgpu_inject_remove(struct vgpu_device *dev)
{
	mutex_lock(&dev->injection.lock);
	set_gone(dev, VGPU_STATE_REMOVED);
	announce(dev, VGPU_FAULT_LOST, 0, 0, VGPU_FAULT_LOST);
	clear(dev);
	mutex_unlock(&dev->injection.lock);
}
