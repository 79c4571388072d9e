// SPDX-License-Identifier: GPL-2.0
/*
 * The model of the sensors: power, temperature, clocks and what lowers them,
 * from the load that the counters show. Nothing here is measured, and no figure
 * but the profile's power limit and clocks belongs to a real card.
 *
 * Power is a tenth of the limit when idle and rises with the workers' busy time to
 * the limit. Temperature follows the power with a time constant: 30 degrees when a
 * card would be off, 80 at the limit. All is described in Documentation/nvml.rst.
 */
#include <linux/math64.h>

#include "../sched/sched.h"
#include "ioctl.h"
#include "vgpu.h"

#define AMBIENT_MDEG	30000
#define RISE_MDEG	50000	/* at the power limit, in the end */
#define TAU_NS		(20ull * NSEC_PER_SEC)
#define POWER_NS	(500ll * NSEC_PER_MSEC)
#define FAN_LOW_MDEG	40000	/* up to here the fan runs at FAN_LOW */
#define FAN_LOW		30
#define CALM_NS		(2ull * NSEC_PER_SEC)	/* so long after the last work clocks fall */
#define IDLE_CLOCK	5	/* idle clocks are the highest by this */
#define IDLE_POWER	10	/* idle power is the limit by this */

static u32 limit_mw(const struct vgpu_device *dev)
{
	return dev->model->power_limit_mw;
}

static s32 target_mdeg(const struct vgpu_device *dev, u32 power_mw)
{
	u32 limit = limit_mw(dev);

	return AMBIENT_MDEG + (limit ? (s32)div_u64((u64)power_mw * RISE_MDEG, limit) : 0);
}

/** vgpu_sensors_init - a device that has been idle for long */
void vgpu_sensors_init(struct vgpu_device *dev)
{
	struct vgpu_model_state *s = &dev->mon->state;

	s->power_mw = limit_mw(dev) / IDLE_POWER;
	s->temp_mdeg = target_mdeg(dev, s->power_mw);
	s->idle_ns = CALM_NS;
	s->throttle = VGPU_THROTTLE_IDLE;
}

/* First-order lag; linear within a step, which is short against TAU or a wait for the end. */
static void step_temperature(struct vgpu_device *dev, u64 ns)
{
	struct vgpu_model_state *s = &dev->mon->state;
	s64 gap = (s64)target_mdeg(dev, s->power_mw) - s->temp_mdeg;

	while (ns && gap) {
		u64 part = min(ns, TAU_NS / 8);
		s64 change = div64_s64(gap * (s64)(part >> 10), TAU_NS >> 10);

		if (!change)
			break;
		gap -= change;
		s->temp_mdeg += change;
		ns -= part;
	}
}

/* Readings are means of about half a second, as those of real cards are. */
static void step_power(struct vgpu_model_state *s, u64 ns, u32 now_mw)
{
	s64 gap = (s64)now_mw - s->power_mw;
	s64 change = div64_s64(gap * (s64)min_t(u64, ns, POWER_NS), POWER_NS);

	s->power_mw += change ?: gap;
}

static void step_energy(struct vgpu_model_state *s, u64 ns)
{
	/* Milliwatts by nanoseconds are picojoules. */
	u64 us = div_u64(ns, NSEC_PER_USEC);
	u64 nj = us * s->power_mw + s->energy_nj;
	u32 rest;

	s->energy_uj += div_u64_rem(nj, 1000, &rest);
	s->energy_nj = rest;
}

/* The model's, unless one was injected. */
static s32 temperature_mdeg(const struct vgpu_device *dev)
{
	return READ_ONCE(dev->injection.temperature) * 1000 ?: dev->mon->state.temp_mdeg;
}

static u32 throttle_reasons(const struct vgpu_device *dev)
{
	u32 reasons = dev->mon->state.throttle | READ_ONCE(dev->injection.throttle);

	if (temperature_mdeg(dev) >= VGPU_SLOWDOWN_MDEG)
		reasons |= VGPU_THROTTLE_THERMAL | VGPU_THROTTLE_HARDWARE;
	if (READ_ONCE(dev->injection.slow_percent) > 100)
		reasons |= VGPU_THROTTLE_HARDWARE;
	return reasons;
}

/**
 * vgpu_sensors_step - let time pass
 * @dev: device; the monitor's lock is held
 * @ns: how much
 * @active_ns: the part of it in which something was executing
 * @busy_ns: the workers' time in it, all together
 */
void vgpu_sensors_step(struct vgpu_device *dev, u64 ns, u64 active_ns, u64 busy_ns)
{
	struct vgpu_model_state *s = &dev->mon->state;
	u64 all = ns * max(vgpu_sched_workers(), 1u);
	u32 idle_mw = limit_mw(dev) / IDLE_POWER, load;

	if (!ns)
		return;
	load = div64_u64(min(busy_ns, all) * 1000, all);
	step_power(s, ns, idle_mw + (u64)(limit_mw(dev) - idle_mw) * load / 1000);
	s->contexts = atomic_read(&dev->cnt.contexts);
	s->idle_ns = active_ns ? 0 : s->idle_ns + ns;
	if (throttle_reasons(dev) & VGPU_THROTTLE_POWER)
		s->power_ns += ns;
	if (throttle_reasons(dev) & VGPU_THROTTLE_THERMAL)
		s->thermal_ns += ns;
	step_energy(s, ns);
	step_temperature(dev, ns);
	s->throttle = s->idle_ns >= CALM_NS ? VGPU_THROTTLE_IDLE : 0;
	if (s->temp_mdeg >= VGPU_SLOWDOWN_MDEG)
		s->throttle |= VGPU_THROTTLE_THERMAL;
	if (limit_mw(dev) && s->power_mw >= limit_mw(dev))
		s->throttle |= VGPU_THROTTLE_POWER;
}

/* What slows work down on request (sched/pause.c) shows as a lower clock. */
static u32 sm_clock_khz(const struct vgpu_device *dev)
{
	u32 khz = dev->model->clock_khz, percent = READ_ONCE(dev->pause.percent);

	if (percent > 100)
		return div_u64((u64)khz * 100, percent);
	if (dev->mon->state.throttle & VGPU_THROTTLE_IDLE)
		return khz / IDLE_CLOCK;
	return dev->mon->state.throttle & VGPU_THROTTLE_THERMAL ? khz / 2 : khz;
}

/* As on real cards, a context keeps the memory at its full clock. */
static u32 pstate(const struct vgpu_device *dev)
{
	const struct vgpu_model_state *s = &dev->mon->state;

	return s->contexts || !(s->throttle & VGPU_THROTTLE_IDLE) ? 0 : 8;
}

static u32 mem_clock_khz(const struct vgpu_device *dev)
{
	return dev->model->mem_clock_khz / (pstate(dev) ? IDLE_CLOCK : 1);
}

static u32 fan_percent(const struct vgpu_device *dev)
{
	s32 above = temperature_mdeg(dev) - FAN_LOW_MDEG;

	if (!(vgpu_model_features(dev->model) & VGPU_FEATURE_FAN))
		return 0;
	if (above <= 0)
		return FAN_LOW;
	return min(100, FAN_LOW + (100 - FAN_LOW) * above / (VGPU_SLOWDOWN_MDEG - FAN_LOW_MDEG));
}

/** vgpu_sensors_sample - the sensors' part of a sample; the monitor's lock is held */
void vgpu_sensors_sample(struct vgpu_device *dev, struct vgpu_sample *s)
{
	s->power_mw = dev->mon->state.power_mw;
	s->temperature_mdeg = temperature_mdeg(dev);
	s->clock_khz = sm_clock_khz(dev);
	s->mem_clock_khz = mem_clock_khz(dev);
}

int vgpu_ioctl_sensors(struct vgpu_file *vf, void *arg)
{
	struct vgpu_device *dev = vf->dev;
	const struct vgpu_model_state *s = &dev->mon->state;
	struct vgpu_sensors *out = arg;

	if (out->flags || out->reserved)
		return -EINVAL;
	vgpu_monitor_refresh(dev);
	spin_lock(&dev->mon->lock);
	out->now_ns = dev->mon->mark.now_ns;
	out->energy_uj = s->energy_uj;
	out->throttle_power_ns = s->power_ns;
	out->throttle_thermal_ns = s->thermal_ns;
	out->power_mw = s->power_mw;
	out->temperature_mdeg = temperature_mdeg(dev);
	out->slowdown_mdeg = VGPU_SLOWDOWN_MDEG;
	out->shutdown_mdeg = VGPU_SHUTDOWN_MDEG;
	out->clock_khz = sm_clock_khz(dev);
	out->mem_clock_khz = mem_clock_khz(dev);
	out->pstate = pstate(dev);
	out->throttle = throttle_reasons(dev);
	out->fan_percent = fan_percent(dev);
	spin_unlock(&dev->mon->lock);
	return 0;
}
