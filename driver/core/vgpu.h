/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The face of driver/core: the device, the open file, the context, and what
 * the other folders hang on them.
 *
 * Lifetime: a device can be added and removed at any time. Removal ends its contexts
 * and takes its names away; the struct lives on while an open file or a context
 * refers to it. Open files hold the module (fops.owner). A file owns handles; a handle owns a reference on its
 * object; objects of a context hold a reference on the context's memory, not
 * on its life: a context can be ended at any time (vgpu_ctx_kill()).
 *
 * The order at load is in main.c: engine, workers, PCI bridge, the faces, then
 * the devices.
 */
#ifndef _VGPU_CORE_VGPU_H
#define _VGPU_CORE_VGPU_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../../uapi/vgpu_ioctl.h"
#include "compat.h"
#include "model.h"
#include "monitor.h"
#include "tally.h"

#define VGPU_NAME		"vgpu"
#define VGPU_MODULE_VERSION	"0.1.0"
#define VGPU_DRIVER_VERSION	"580.95.05"	/* what CUDA tools are told */
#define VGPU_MAX_DEVICES	16
#define VGPU_MAX_MIB		(1UL << 27)	/* of any size in MiB: the device's half of a GPU address */
#define VGPU_EVENT_RING		64

/*
 * How memory is asked for on behalf of user space, however little: its control group pays, and where there is
 * none, the call fails; no OOM killer looks for somebody to end. What a user can have many of goes through vgpu_zalloc().
 */
#define VGPU_GFP		(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct vgpu_as;
struct vgpu_client;
struct vgpu_sched_ctx;
struct vgpu_user;
struct vgpu_watch;

/**
 * struct vgpu_counters - live counters of a device or a context
 * @vram_used:		bytes of VRAM allocated
 * @vram_promised:	bytes of these that have no memory yet, but are to be had (device only)
 * @pinned:		bytes of registered host memory
 * @busy_ns:		worker time, all kinds
 * @mem_busy_ns:	part of it spent copying and filling
 * @launches:		kernels completed
 * @blocks:		blocks completed
 * @copies:		copies and fills completed
 * @copied_bytes:	bytes of those, MEM_COPY included
 * @faults:		contexts ended by a fault
 * @queues:		live queues
 * @running:		packets executing now
 * @contexts:		live contexts (device only)
 */
struct vgpu_counters {
	atomic64_t vram_used;
	atomic64_t vram_promised;
	atomic64_t pinned;
	atomic64_t busy_ns;
	atomic64_t mem_busy_ns;
	atomic64_t launches;
	atomic64_t blocks;
	atomic64_t copies;
	atomic64_t copied_bytes;
	atomic64_t faults;
	atomic_t queues;
	atomic_t running;
	atomic_t contexts;
};

/**
 * struct vgpu_injection - how an administrator has made a device fail
 * @lock:		serializes INJECT and RESET
 * @slow_percent:	time that work takes, 100 at full speed, as asked for
 * @throttle:		VGPU_THROTTLE_*, as asked for
 * @temperature:	degrees Celsius, 0: none
 * @alloc_every:	every Nth allocation fails, 0: none
 * @launch_every:	every Nth launch fails, 0: none
 * @allocs:		allocations since then
 * @launches:		launches since then
 * @resets:		how often the device was reset
 * @recovery:		VGPU_RECOVERY_* as it was told last
 *
 * All but the counts are written under the lock and read without it.
 */
struct vgpu_injection {
	struct mutex lock;
	u32 slow_percent;
	u32 throttle;
	u32 temperature;
	u32 alloc_every;
	u32 launch_every;
	atomic_t allocs;
	atomic_t launches;
	u32 resets;
	u32 recovery;
};

/**
 * struct vgpu_pause - what keeps a device from getting on; under the scheduler's lock
 * @contexts:	struct vgpu_sched_ctx.link of contexts with work that is not handed out
 * @hung:	until told otherwise
 * @resting:	for a while, to be slower
 * @percent:	time that work takes, 100 at full speed; read without lock
 * @began:	start of the present stretch of work
 * @last:	end of the newest piece of it
 * @debt_ns:	rest that is owed for it
 * @rest_began:	start of the present rest
 * @work:	ends the rest
 * @hung_since: ktime_get_ns()
 * @watchdog:	ends contexts that have waited for longer than the time limit while @hung
 * @wait:	callers of MEM_COPY that wait for @hung to end
 */
struct vgpu_pause {
	struct list_head contexts;
	bool hung;
	bool resting;
	u32 percent;
	u64 began;
	u64 last;
	u64 debt_ns;
	u64 rest_began;
	struct delayed_work work;
	u64 hung_since;
	struct delayed_work watchdog;
	wait_queue_head_t wait;
};

/**
 * struct vgpu_device - one virtual GPU
 * @ref:		references: of the table of devices, of files, of contexts
 * @opens:		open files
 * @state:		VGPU_STATE_LOST and _REMOVED; see vgpu_device_gone()
 * @index:		number, as in /dev/vgpuN
 * @model:		its profile
 * @uuid:		GPU UUID
 * @serial:		serial number
 * @sm_count:		multiprocessors it claims
 * @vram_bytes:		its memory
 * @dev:		the class device of /dev/vgpuN
 * @cnt:		live counters
 * @injection:		failures asked for
 * @pause:		the scheduler's part of them
 * @active_ns:		time with at least one packet executing, see vgpu_device_active_ns()
 * @active_since:	start of the present such time
 * @active_lock:	protects the two above and cnt.running's change to and from 0
 * @ctx_lock:		protects @contexts and @ctx_number; a spinlock, for who has it must not be kept from running
 * @contexts:		struct vgpu_ctx.dev_link of all live contexts, by @number
 * @ctx_number:		number of the newest
 * @event_lock:		protects the event ring
 * @event_seq:		number of the newest event
 * @events:		ring of the newest events; event n at n % VGPU_EVENT_RING
 * @event_pids:		process of each event
 * @event_uids:		its user, invalid for what concerns the whole device
 * @event_wait:		woken at each event
 * @to_gpu_bytes:	bytes copied from host memory
 * @from_gpu_bytes:	bytes copied to host memory
 * @mapped_bytes:	bytes of the buffers that have user mappings
 * @ecc_single:		corrected memory errors, VGPU_ECC_*
 * @ecc_double:		uncorrected ones
 * @mon:		its monitor
 */
struct vgpu_device {
	struct kref ref;
	atomic_t opens;
	unsigned long state;
	unsigned int index;
	const struct vgpu_model *model;
	u8 uuid[VGPU_MODEL_UUID_LEN];
	u64 serial;
	u32 sm_count;
	u64 vram_bytes;

	struct device *dev;

	struct vgpu_counters cnt;
	struct vgpu_injection injection;
	struct vgpu_pause pause;
	u64 active_ns;
	u64 active_since;
	spinlock_t active_lock;

	spinlock_t ctx_lock;
	struct list_head contexts;
	u64 ctx_number;

	spinlock_t event_lock;
	u64 event_seq;
	struct vgpu_fault events[VGPU_EVENT_RING];
	struct pid *event_pids[VGPU_EVENT_RING];
	kuid_t event_uids[VGPU_EVENT_RING];
	wait_queue_head_t event_wait;

	atomic64_t to_gpu_bytes;
	atomic64_t from_gpu_bytes;
	atomic64_t mapped_bytes;
	atomic64_t ecc_single[2];
	atomic64_t ecc_double[2];
	struct vgpu_monitor *mon;
};

/**
 * enum vgpu_obj_type - what a handle names
 * @VGPU_OBJ_CTX:	struct vgpu_ctx
 * @VGPU_OBJ_BO:	struct vgpu_bo
 * @VGPU_OBJ_HOST:	struct vgpu_host
 * @VGPU_OBJ_CODE:	struct vgpu_code
 * @VGPU_OBJ_QUEUE:	struct vgpu_queue
 * @VGPU_OBJ_FENCE:	struct vgpu_fence
 * @VGPU_OBJ_TYPES:	number of types
 */
enum vgpu_obj_type {
	VGPU_OBJ_CTX,
	VGPU_OBJ_BO,
	VGPU_OBJ_HOST,
	VGPU_OBJ_CODE,
	VGPU_OBJ_QUEUE,
	VGPU_OBJ_FENCE,
	VGPU_OBJ_TYPES
};

struct vgpu_obj;

/**
 * struct vgpu_obj_ops - how a type of object ends
 * @detach:	the handle is going: stop using the device. May sleep. Called once.
 * @free:	the last reference is gone
 */
struct vgpu_obj_ops {
	void (*detach)(struct vgpu_obj *obj);
	void (*free)(struct vgpu_obj *obj);
};

/**
 * struct vgpu_obj - head of everything that has a handle
 * @ref:	references: one of the handle, one of each user
 * @type:	enum vgpu_obj_type
 * @handle:	handle in the file, 0 before vgpu_obj_publish()
 * @gone:	the handle is gone: set before @detach, nothing new may be hung on the object
 * @ctx:	context (referenced), the object itself for a context
 * @ops:	how it ends
 */
struct vgpu_obj {
	struct kref ref;
	enum vgpu_obj_type type;
	u32 handle;
	bool gone;
	struct vgpu_ctx *ctx;
	const struct vgpu_obj_ops *ops;
};

/**
 * struct vgpu_file - an open of /dev/vgpuN or /dev/nvidiaN
 * @dev:	the device
 * @opener:	process that opened it
 * @closing:	ends it where another one does
 * @objs:	handles; its lock protects lookup against removal
 * @next:	where the search for a free handle begins
 * @nobjs:	how many
 * @client:	who it is accounted for, may be NULL; set once
 * @event_seen:	newest event queried, for poll()
 */
struct vgpu_file {
	struct vgpu_device *dev;
	struct pid *opener;
	struct delayed_work closing;
	struct xarray objs;
	u32 next;
	atomic_t nobjs;
	struct vgpu_client *client;
	u64 event_seen;
};

/**
 * struct vgpu_huge - huge pages that registered memory keeps; see mm/huge.c
 * @lock: protects
 * @covered: by the first page's number, how many pages of each are registered
 */
struct vgpu_huge {
	struct mutex lock;
	struct xarray covered;
};

/**
 * struct vgpu_ctx - a context
 * @obj:	handle and references
 * @file:	file it was made in; valid until the object is detached
 * @dev:	device, referenced
 * @dev_link:	in vgpu_device.contexts
 * @number:	which one of the device it is
 * @mm:		address space it belongs to (mmgrab'ed)
 * @watch:	ends the context with its mm
 * @mm_link:	in its list
 * @orphan:	does so
 * @user:	who it counts for
 * @pid:	thread group of its creator
 * @comm:	its name
 * @cnt:	live counters
 * @usage:	the monitor's part
 * @code_bytes:	memory of its code objects
 * @vram_absent: bytes of cnt.vram_used that have no memory yet
 * @huge:	huge pages of its registered memory
 * @as:		GPU address space
 * @sched:	the scheduler's part
 * @state_lock:	protects @dead, @fault
 * @dead:	ended: no new work, running work stops; read without lock
 * @emptied:	vgpu_ctx_empty_dead() has been there; under the device's ctx_lock
 * @detached:	@file is not valid any more; under @end_lock
 * @end_lock:	held while somebody else than its end uses @file
 * @closed:	its objects were ended, none is published any more; under xa_lock of the file's objects
 * @fault:	why, kind NONE when it ended orderly
 */
struct vgpu_ctx {
	struct vgpu_obj obj;
	struct vgpu_file *file;
	struct vgpu_device *dev;
	struct list_head dev_link;
	u64 number;
	struct mm_struct *mm;
	struct vgpu_watch *watch;
	struct list_head mm_link;
	struct delayed_work orphan;
	struct vgpu_user *user;
	struct pid *pid;
	char comm[16];
	struct vgpu_counters cnt;
	struct vgpu_usage usage;
	atomic64_t code_bytes;
	atomic64_t vram_absent;
	struct vgpu_huge huge;
	struct vgpu_as *as;
	struct vgpu_sched_ctx *sched;
	spinlock_t state_lock;
	bool dead;
	bool closed;
	bool emptied;
	bool detached;
	struct mutex end_lock;
	struct vgpu_fault fault;
};

/* ---- devices (device.c) */
unsigned int vgpu_device_count(void);
struct vgpu_device *vgpu_device_open(unsigned int index);
void vgpu_device_close(struct vgpu_device *dev);
void vgpu_device_put(struct vgpu_device *dev);
u64 vgpu_device_active_ns(struct vgpu_device *dev);
void vgpu_device_run_begin(struct vgpu_device *dev);
void vgpu_device_run_end(struct vgpu_device *dev);
u64 vgpu_device_vram_free(struct vgpu_device *dev);

/* Lost or removed: nothing but queries works. */
static inline bool vgpu_device_gone(const struct vgpu_device *dev)
{
	return READ_ONCE(dev->state);
}

/* ---- failures on request (inject.c) */
void vgpu_inject_init(struct vgpu_device *dev);
void vgpu_inject_remove(struct vgpu_device *dev);
void vgpu_inject_status(struct vgpu_device *dev, struct vgpu_device_status *st);
bool vgpu_inject_alloc_fails(struct vgpu_device *dev);
bool vgpu_inject_launch_fails(struct vgpu_device *dev);

/* ---- events (event.c) */
u64 vgpu_event_post(struct vgpu_device *dev, struct vgpu_fault *f, const struct vgpu_ctx *ctx);
bool vgpu_event_next(struct vgpu_device *dev, u64 after, struct vgpu_fault *f, u32 *lost);
bool vgpu_event_newest(struct vgpu_device *dev, struct vgpu_fault *f);
u32 vgpu_fault_xid(u32 kind);
const char *vgpu_fault_name(u32 kind);

/* ---- files (file.c): one set of operations for every node of a device;
 * the minor number is the device's index
 */
extern const struct file_operations vgpu_fops;
struct file *vgpu_file_from_fd(int fd, struct vgpu_file **vf);

/**
 * vgpu_charge - add to a count that has a bound
 * @count: the count
 * @more: how much
 * @cap: most that it may become
 *
 * Return: whether it fits; what does not is never added, not even for a moment: others would be
 * refused meanwhile. Undone by atomic64_sub().
 */
static inline bool vgpu_charge(atomic64_t *count, u64 more, u64 cap)
{
	s64 now = atomic64_read(count);

	do {
		if (now + more > cap)
			return false;
	} while (!atomic64_try_cmpxchg(count, &now, now + more));
	return true;
}

/* ---- load (main.c) */
int vgpu_loaded(void);

/* ---- objects (object.c) */
void vgpu_obj_init(struct vgpu_obj *obj, enum vgpu_obj_type type,
		   struct vgpu_ctx *ctx, const struct vgpu_obj_ops *ops);
int vgpu_obj_publish(struct vgpu_file *vf, struct vgpu_obj *obj, u32 *handle);
struct vgpu_obj *vgpu_obj_get(struct vgpu_file *vf, u32 handle, enum vgpu_obj_type type);
struct vgpu_obj *vgpu_obj_find(struct vgpu_file *vf, u32 handle);
void vgpu_obj_put(struct vgpu_obj *obj);
void vgpu_obj_destroy_ctx(struct vgpu_file *vf, struct vgpu_ctx *ctx);
void vgpu_obj_destroy_memory(struct vgpu_file *vf, struct vgpu_ctx *ctx);
void vgpu_obj_destroy_all(struct vgpu_file *vf);

/* ---- clients (client.c); what other modules use is in face.h */
void vgpu_client_ctx_end(struct vgpu_ctx *ctx);

/* ---- contexts (context.c) */
struct vgpu_ctx *vgpu_ctx_get(struct vgpu_file *vf, u32 handle);
int vgpu_ctx_usable(struct vgpu_ctx *ctx);
bool vgpu_ctx_fault(struct vgpu_ctx *ctx, const struct vgpu_fault *f);
u32 vgpu_ctx_error(struct vgpu_ctx *ctx);
void vgpu_ctx_fault_all(struct vgpu_device *dev, const struct vgpu_fault *f);
bool vgpu_ctx_any_alive(struct vgpu_device *dev);
void vgpu_ctx_each(struct vgpu_device *dev, bool (*look)(struct vgpu_ctx *ctx, void *arg), void *arg);
void vgpu_ctx_empty_dead(struct vgpu_device *dev);
void vgpu_ctx_kill(struct vgpu_ctx *ctx);
void vgpu_ctx_stop(struct vgpu_ctx *ctx);
void vgpu_ctx_orphan(struct vgpu_ctx *ctx);

/* ---- watches (watch.c) and ends (ends.c) */
int vgpu_watch_add(struct vgpu_ctx *ctx);
void vgpu_watch_remove(struct vgpu_ctx *ctx);
void vgpu_watch_exit(void);
void vgpu_end_later(struct delayed_work *work, unsigned long delay);
int vgpu_ends_init(void);
void vgpu_ends_exit(void);

static inline void vgpu_ctx_put(struct vgpu_ctx *ctx)
{
	vgpu_obj_put(&ctx->obj);
}

static inline bool vgpu_ctx_dead(const struct vgpu_ctx *ctx)
{
	return READ_ONCE(ctx->dead);
}

/* Add to a counter of the context and of its device alike. */
#define vgpu_count(ctx, name, n) do {					\
	atomic64_add((n), &(ctx)->cnt.name);				\
	atomic64_add((n), &(ctx)->dev->cnt.name);			\
} while (0)

#endif
