/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What monitoring tools ask for and the hot paths do not count: samples of the
 * load over time, the model of the sensors, accounting of processes.
 *
 * Everything is advanced by steps: every VGPU_SAMPLE_NS while there are contexts, and the device's also by whoever
 * asks after more than that time. A step looks at what the counters have gained since the one before. The processes'
 * are made by the tick alone: looking at thousands of contexts is no work for one who asks, and may be kept from running.
 */
#ifndef _VGPU_CORE_MONITOR_H
#define _VGPU_CORE_MONITOR_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../uapi/vgpu_ioctl.h"

#define VGPU_SAMPLE_NS		100000000ull
#define VGPU_DEVICE_SAMPLES	128
#define VGPU_PROCESS_SAMPLES	512
#define VGPU_ACCOUNTS		128

/* Temperatures at which clocks are lowered, and at which a card switches itself off. */
#define VGPU_SLOWDOWN_MDEG	87000
#define VGPU_SHUTDOWN_MDEG	92000

struct pid;
struct vgpu_ctx;
struct vgpu_device;

/**
 * struct vgpu_mark - the counters at the last step
 * @now_ns:		CLOCK_MONOTONIC
 * @active_ns:		as in struct vgpu_device_status
 * @busy_ns:		likewise
 * @mem_busy_ns:	likewise
 */
struct vgpu_mark {
	u64 now_ns;
	u64 active_ns;
	u64 busy_ns;
	u64 mem_busy_ns;
};

/**
 * struct vgpu_model_state - the sensors, see sensors.c
 * @temp_mdeg:		temperature
 * @power_mw:		power over the last step
 * @energy_nj:		the part of @energy_uj below a microjoule
 * @energy_uj:		energy since the device was made
 * @idle_ns:		how long nothing has been executing
 * @contexts:		there were contexts at the last step
 * @throttle:		VGPU_THROTTLE_*
 * @power_ns:		time at the power limit
 * @thermal_ns:		time at the temperature where clocks are lowered
 */
struct vgpu_model_state {
	s32 temp_mdeg;
	u32 power_mw;
	u32 energy_nj;
	u64 energy_uj;
	u64 idle_ns;
	bool contexts;
	u32 throttle;
	u64 power_ns;
	u64 thermal_ns;
};

/**
 * struct vgpu_usage - a context's part of the steps so far
 * @busy_ns:		its counter at the last step
 * @mem_busy_ns:	likewise
 * @active_ns:		its part of the device's active time
 * @born_ns:		CLOCK_MONOTONIC when it was made
 * @steps:		the monitor's, when it was last looked at
 * @closed:		it is counted among the ended ones
 * @vram_peak:		the most VRAM it held; updated without a lock by the allocating threads
 */
struct vgpu_usage {
	u64 busy_ns;
	u64 mem_busy_ns;
	u64 active_ns;
	u64 born_ns;
	u64 steps;
	bool closed;
	atomic64_t vram_peak;
};

/**
 * struct vgpu_monitor - a device's monitor
 * @lock:		protects all below but @persistence and @compute_mode; inside of ctx_lock
 * @dev:		the device
 * @tick:		the next step
 * @ticking:		there is a next one
 * @mark:		the last one of the device
 * @process_mark:	the last one of the processes
 * @gained:		what the counters gained in that one
 * @steps:		how many of those there were
 * @state:		sensors
 * @device:		ring of samples; sample n at n % VGPU_DEVICE_SAMPLES
 * @ndevice:		samples ever taken
 * @process:		ring of the processes' samples
 * @process_pids:	whose they are
 * @nprocess:		samples ever taken
 * @accounting:		ended processes are remembered
 * @accounts:		ring of those
 * @account_pids:	whose they are
 * @naccounts:		accounts ever opened
 * @closed:		contexts ever added to one
 * @persistence:	as set
 * @compute_mode:	VGPU_COMPUTE_*; changed and acted on under ctx_lock
 */
struct vgpu_monitor {
	spinlock_t lock;
	struct vgpu_device *dev;
	struct delayed_work tick;
	bool ticking;
	struct vgpu_mark mark;
	struct vgpu_mark process_mark;
	struct vgpu_mark gained;
	u64 steps;
	struct vgpu_model_state state;
	struct vgpu_sample device[VGPU_DEVICE_SAMPLES];
	u64 ndevice;
	struct vgpu_sample process[VGPU_PROCESS_SAMPLES];
	struct pid *process_pids[VGPU_PROCESS_SAMPLES];
	u64 nprocess;
	bool accounting;
	struct vgpu_account accounts[VGPU_ACCOUNTS];
	struct pid *account_pids[VGPU_ACCOUNTS];
	u64 naccounts;
	u64 closed;
	u32 persistence;
	u32 compute_mode;
};

/* ---- monitor.c */
void vgpu_monitor_init(struct vgpu_device *dev);
void vgpu_monitor_exit(struct vgpu_device *dev);
void vgpu_monitor_refresh(struct vgpu_device *dev);
void vgpu_monitor_ctx_begin(struct vgpu_ctx *ctx);
void vgpu_monitor_ctx_end(struct vgpu_ctx *ctx);

/* ---- sensors.c */
void vgpu_sensors_init(struct vgpu_device *dev);
void vgpu_sensors_step(struct vgpu_device *dev, u64 ns, u64 active_ns, u64 busy_ns);
void vgpu_sensors_sample(struct vgpu_device *dev, struct vgpu_sample *s);

/* ---- account.c */
void vgpu_account_add(struct vgpu_ctx *ctx);
void vgpu_account_forget(struct vgpu_monitor *mon);

#endif
