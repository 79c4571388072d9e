/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of driver/sched share.
 *
 * One spinlock, sched.lock, protects all lists and states below; everything
 * under it is constant time or bounded. Order: vgpu_timeline.lock, then sched.lock.
 *
 * A queue is in one state:
 *
 *   IDLE     ring empty. On sched.polled: awake workers look at its tail. Else
 *            NEED_WAKEUP is set and a doorbell brings it back.
 *   KICKED   on its context's list, see turn.c: a worker will look at its ring
 *   PUMPING  a worker is taking packets from its ring
 *   BUSY     a packet is executing (queue->job)
 *   BLOCKED  waits for a fence, a value in memory, or memory
 *   DEAD     stopped for ever
 *
 * Only PUMPING and BUSY have workers inside; stopping waits for these.
 */
#ifndef _VGPU_SCHED_INTERNAL_H
#define _VGPU_SCHED_INTERNAL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../core/code.h"
#include "../core/vgpu.h"
#include "../mm/mm.h"
#include "fpu.h"
#include "sched.h"

#define VGPU_MAX_POLLED		64
#define VGPU_RESIDENT_BYTES	(256ull << 20)	/* blocks in flight of a context, beyond one of each job */
#define VGPU_QUANTUM_NS		1000000ull	/* a worker's turn on one job */
#define VGPU_PRIORITIES		(VGPU_PRIORITY_LEAST - VGPU_PRIORITY_GREATEST + 1)
#define VGPU_OLDEST_EVERY	8		/* so many turns of a context, one goes to who waited longest */
#define VGPU_PACKET_SLOTS	(2 + (VGPU_MAX_PARAM_BYTES + VGPU_SLOT_BYTES - 1) / VGPU_SLOT_BYTES)

/* ---- timelines (timeline.c) */

/**
 * struct vgpu_timeline - a value that grows, and who waits for it
 * @lock: protects all
 * @value: the value
 * @dead: will not grow any more
 * @wait: sleepers
 * @waiters: callbacks
 * @nwaiters: how many
 * @ctx_link: in vgpu_sched_ctx.timelines
 */
struct vgpu_timeline {
	spinlock_t lock;
	u64 value;
	bool dead;
	wait_queue_head_t wait;
	struct list_head waiters;
	unsigned int nwaiters;
	struct list_head ctx_link;
};

void vgpu_tl_init(struct vgpu_timeline *tl, u64 value);
void vgpu_tl_signal(struct vgpu_timeline *tl, u64 value);
void vgpu_tl_kill(struct vgpu_timeline *tl);
bool vgpu_tl_reached(struct vgpu_timeline *tl, u64 value);
int vgpu_tl_add(struct vgpu_timeline *tl, struct vgpu_tl_waiter *w);
bool vgpu_tl_cancel(struct vgpu_timeline *tl, struct vgpu_tl_waiter *w);

/* ---- fences (fence.c) */

/** struct vgpu_fence_obj - a timeline with a handle */
struct vgpu_fence_obj {
	struct vgpu_obj obj;
	struct vgpu_timeline tl;
};

struct vgpu_sched_ctx;

struct vgpu_timeline *vgpu_obj_timeline(struct vgpu_obj *obj);
struct vgpu_obj *vgpu_waitable_get(struct vgpu_file *vf, u32 handle);

/* ---- eventfds (eventfd.c) */
void vgpu_due_init(struct vgpu_sched_ctx *s);
void vgpu_due_fini(struct vgpu_sched_ctx *s);
void vgpu_due_signal(struct vgpu_sched_ctx *s);

/* ---- chores (chore.c) */

/**
 * struct vgpu_chore - something that may wait, and so is not done by a worker
 * @link: in vgpu_sched_ctx.chores until it begins
 * @fn: see vgpu_chore()
 */
struct vgpu_chore {
	struct list_head link;
	void (*fn)(struct vgpu_chore *c);
};

void vgpu_chores_init(struct vgpu_sched_ctx *s);
void vgpu_chore(struct vgpu_sched_ctx *s, struct vgpu_chore *c, void (*fn)(struct vgpu_chore *c));
void vgpu_chore_locked(struct vgpu_sched_ctx *s, struct vgpu_chore *c, void (*fn)(struct vgpu_chore *c));
void vgpu_chores_hurry_locked(struct vgpu_sched_ctx *s);
void vgpu_chores_hurry(struct vgpu_sched_ctx *s);
void vgpu_chores_calm(struct vgpu_sched_ctx *s);
void vgpu_chore_forget(struct vgpu_sched_ctx *s, struct vgpu_chore *c);

/* ---- queues (queue.c) */

enum vgpu_queue_state {
	VGPU_Q_IDLE,
	VGPU_Q_KICKED,
	VGPU_Q_PUMPING,
	VGPU_Q_BUSY,
	VGPU_Q_BLOCKED,
	VGPU_Q_DEAD,
};

struct vgpu_job;

/**
 * struct vgpu_queue - a stream
 * @obj: head
 * @tl: its progress: number of the last packet completed
 * @state: see above
 * @rekick: kicked while pumping
 * @stop: no new work; to be DEAD as soon as nobody is inside
 * @polled: on sched.polled
 * @link: in vgpu_sched_ctx.kicked or sched.polled
 * @ctx_link: in vgpu_sched_ctx.queues
 * @job: the packet executing
 * @slots: ring size
 * @held: it counts for the user
 * @head: slots taken
 * @seqno: number of the last packet taken
 * @priority: as created
 * @user: user area: struct vgpu_queue_user, then the slots (vmalloc)
 * @kernel: kernel area (one page)
 * @waiter: on the timeline of @waiting_on, while BLOCKED on one
 * @waiting_on: referenced object
 * @look_link: in vgpu_sched_user.looking while BLOCKED on a value in memory
 * @wait_value: that packet; unit 0 when there is none
 * @stamp_at: address of a TIMESTAMP packet whose memory is being brought, else 0
 * @bring: brings the memory of
 * @bring_va: an address, while
 * @bringing: this holds; then
 * @bring_error: is 0 or an errno
 */
struct vgpu_queue {
	struct vgpu_obj obj;
	struct vgpu_timeline tl;
	enum vgpu_queue_state state;
	bool rekick;
	bool stop;
	bool polled;
	struct list_head link;
	struct list_head ctx_link;
	struct vgpu_job *job;
	u32 slots;
	bool held;
	u64 head;
	u64 seqno;
	s32 priority;
	struct vgpu_queue_user *user;
	struct vgpu_queue_kernel *kernel;
	struct vgpu_tl_waiter waiter;
	struct vgpu_obj *waiting_on;
	struct list_head look_link;
	struct vgpu_pkt_wait_value wait_value;
	u64 stamp_at;
	struct vgpu_chore bring;
	u64 bring_va;
	bool bringing;
	int bring_error;
};

static inline struct vgpu_queue *vgpu_to_queue(struct vgpu_obj *obj)
{
	return container_of(obj, struct vgpu_queue, obj);
}

bool vgpu_queue_has_work(struct vgpu_queue *q);
void vgpu_queue_kick(struct vgpu_queue *q);
void vgpu_queue_kick_locked(struct vgpu_queue *q);
void vgpu_queue_settle(struct vgpu_queue *q, enum vgpu_queue_state state);
void vgpu_queue_stop_locked(struct vgpu_queue *q, struct list_head *dead_jobs);
bool vgpu_poll_rings_locked(void);
void vgpu_unpoll_locked(void);

/* ---- units (unit.c) and jobs (job.c) */

/**
 * struct vgpu_unit - memory for one block in flight, and blocks that go with it
 * @link: in a job's list of those that are ready, while no worker has it
 * @node: or among its others
 * @first: block in flight, or the next one
 * @count: blocks, @first included
 * @cta: the block in flight, NULL when it has not begun
 * @turns: how many turns that block has had
 * @bytes: size of @mem
 * @owner: context whose data @mem holds; never dereferenced
 * @user: who @bytes count for, NULL for a spare
 * @mem: for the engine, NULL for a mere range of blocks
 * @pieces: where @mem is large: what is mapped there
 * @npieces: how many
 * @chore: brings what it waits for, see vgpu_job_await(),
 * @job: for this job,
 * @va: at this address
 * @later: tries again to get memory, or frees @pieces
 * @since: when it was first tried, 0: has not failed
 */
struct vgpu_unit {
	struct list_head link;
	struct rb_node node;
	u64 first;
	u64 count;
	struct engine_cta *cta;
	unsigned int turns;
	size_t bytes;
	u64 owner;
	struct vgpu_user *user;
	u8 *mem;
	struct vgpu_piece *pieces;
	unsigned int npieces;
	struct vgpu_chore chore;
	struct vgpu_job *job;
	u64 va;
	struct delayed_work later;
	u64 since;
};

struct vgpu_worker;
struct vgpu_job;

void vgpu_unit_owner(struct vgpu_worker *w, struct vgpu_sched_ctx *s);

struct vgpu_unit *vgpu_unit_get(struct vgpu_worker *w, struct vgpu_job *job, size_t bytes,
				u64 first, u64 count);
bool vgpu_unit_scarce(const struct vgpu_job *job);
struct vgpu_unit *vgpu_unit_wait(struct vgpu_job *job, size_t bytes, u64 first, u64 count);
void vgpu_unit_put(struct vgpu_worker *w, struct vgpu_unit *u);
void vgpu_unit_free(struct vgpu_unit *u);
void vgpu_unit_drop_shared(void);
struct vgpu_unit *vgpu_unit_range(u64 first, u64 count);
bool vgpu_unit_split(struct vgpu_job *job, struct vgpu_unit *u);

/**
 * struct vgpu_job_ops - how a kind of packet executes
 * @run: do some of the work that was handed out: @unit, or where it is NULL the @count
 *	blocks from @first. Called without locks. Returns how many blocks it has completed;
 *	sets *@parked when a unit was given back with vgpu_job_park() or vgpu_job_await().
 *	Calls vgpu_job_fault() on a fault
 * @stop: make running engine calls return soon; under sched.lock, may be NULL
 * @complete: account for a job that has completed, may be NULL
 * @free: free the job
 */
struct vgpu_job_ops {
	u64 (*run)(struct vgpu_worker *w, struct vgpu_job *job, struct vgpu_unit *unit,
		   u64 first, u64 count, bool *parked);
	void (*stop)(struct vgpu_job *job);
	void (*complete)(struct vgpu_job *job);
	void (*free)(struct vgpu_job *job);
};

/**
 * struct vgpu_job - a packet in execution
 * @link: in vgpu_sched_ctx.jobs while there is something to hand out
 * @level: in which of them
 * @since: turns its context had had then
 * @priority: its queue's, or its own
 * @queue: its queue
 * @dev: its device; a job of a stopped context may outlive its queue
 * @ops: its kind
 * @seqno: its number
 * @total: blocks (launch) or pieces (copy, fill)
 * @next: next one never handed out
 * @done: completed
 * @chunk: how many to hand out at once
 * @busy: workers inside, and units that wait for a chore
 * @awaiting: these
 * @unbacked: those of them that have no memory yet
 * @beginning: units in workers' hands of which it is not known whether there is memory for them
 * @resident: units with memory: in flight or in a worker's hands
 * @max_resident: bound of these, less than the next while memory is short
 * @most_resident: bound that the shape sets
 * @asked_ns: when memory was short last, or one more was asked for again
 * @stopped: hand out nothing more
 * @unit_bytes: memory of one, 0 where there are none
 * @all_at_once: the bound of the context's memory for blocks does not apply: they wait for each other
 * @ready: units that were preempted
 * @ranges: blocks that were handed out and given back before they began
 * @spinning: units whose block yielded
 * @tried: the block behind the one of these that last had its turn
 * @noticed: @done when the first of these last went on
 * @exec_ns: worker time spent
 * @name: what it does: a kernel's name, which the job keeps, or a constant; for tracing
 * @threads: of a block
 * @began_ns: when it was published
 */
struct vgpu_job {
	struct list_head link;
	unsigned int level;
	s32 priority;
	u64 since;
	struct vgpu_queue *queue;
	struct vgpu_device *dev;
	const struct vgpu_job_ops *ops;
	u64 seqno;
	u64 total;
	u64 next;
	u64 done;
	u64 chunk;
	unsigned int busy;
	unsigned int awaiting;
	unsigned int unbacked;
	atomic_t beginning;
	unsigned int resident;
	unsigned int max_resident;
	unsigned int most_resident;
	u64 asked_ns;
	size_t unit_bytes;
	bool all_at_once;
	bool stopped;
	struct list_head ready;
	struct rb_root_cached ranges;
	struct rb_root_cached spinning;
	u64 tried;
	u64 noticed;
	atomic64_t exec_ns;
	const char *name;
	u32 threads;
	u64 began_ns;
};

/* order.c */
void vgpu_units_add(struct rb_root_cached *units, struct vgpu_unit *u);
struct vgpu_unit *vgpu_units_take(struct rb_root_cached *units, u64 at);
void vgpu_units_free(struct rb_root_cached *units);

void vgpu_job_init(struct vgpu_job *job, struct vgpu_queue *q, const struct vgpu_job_ops *ops,
		   u64 seqno, u64 total);
void vgpu_job_free(struct vgpu_job *job);
void vgpu_jobs_free(struct list_head *jobs);
void vgpu_job_unlink(struct vgpu_job *job);
void vgpu_job_publish(struct vgpu_job *job);
void vgpu_job_over_locked(struct vgpu_job *job);
bool vgpu_job_defer(struct vgpu_job *job, u64 first, u64 count);
void vgpu_job_began(struct vgpu_job *job);
void vgpu_job_fault(struct vgpu_job *job, struct vgpu_fault *f);
void vgpu_job_park(struct vgpu_job *job, struct vgpu_unit *unit, bool spinning);
void vgpu_job_await(struct vgpu_job *job, struct vgpu_unit *unit,
		    void (*fn)(struct vgpu_chore *c));
void vgpu_job_back(struct vgpu_job *job, struct vgpu_unit *was, struct vgpu_unit *unit);
bool vgpu_job_step(struct vgpu_worker *w);

/* ---- kinds of jobs (launch.c, xfer.c) */
int vgpu_launch_create(struct vgpu_worker *w, struct vgpu_queue *q,
		       const struct vgpu_pkt_launch *p, u64 seqno, struct vgpu_job **out);
int vgpu_copy_create(struct vgpu_queue *q, const struct vgpu_pkt_copy *p,
		     u64 seqno, struct vgpu_job **out);
int vgpu_fill_create(struct vgpu_queue *q, const struct vgpu_pkt_fill *p,
		     u64 seqno, struct vgpu_job **out);

/* ---- packets (packet.c) */
void vgpu_queue_pump(struct vgpu_worker *w, struct vgpu_queue *q);
void vgpu_queue_complete(struct vgpu_queue *q, u64 seqno);
void vgpu_queue_unwait(struct vgpu_queue *q);

/* ---- queues that look at memory again (look.c) */
void vgpu_look_init(void);
void vgpu_look_exit(void);
void vgpu_look_again(struct vgpu_queue *q);
void vgpu_look_forget_locked(struct vgpu_queue *q);

/* ---- users and turns (turn.c) */

void vgpu_turn_init(struct vgpu_sched_ctx *s);
void vgpu_turn_run(struct vgpu_sched_ctx *s);
void vgpu_turn_join(struct vgpu_sched_ctx *s, struct vgpu_job *job, bool yields);
void vgpu_turn_leave(struct vgpu_sched_ctx *s, struct vgpu_job *job);
struct vgpu_job *vgpu_turn_job(struct vgpu_sched_ctx *s);
void vgpu_turn_rest(struct vgpu_sched_ctx *s);
struct vgpu_sched_ctx *vgpu_turn_next(void);
void vgpu_turn_taken(struct vgpu_sched_ctx *s);
void vgpu_turn_kick(struct vgpu_queue *q);
void vgpu_turn_unkick(struct vgpu_queue *q);
struct vgpu_queue *vgpu_turn_next_kick(void);

/* ---- contexts (ctx.c) */

/**
 * struct vgpu_sched_ctx - a context's part in the scheduler
 * @ctx: the context
 * @user: whose it is
 * @link: while @jobs are not empty in vgpu_sched_user.runnable, or in vgpu_pause.contexts
 * @held_ns: since when it has been in vgpu_pause.contexts, ktime_get_ns()
 * @jobs: jobs with something to hand out, by level: greatest priority first; in each who waited longest first
 * @levels: a bit for each level that is not empty
 * @turns: turns that its jobs have had
 * @kick_link: while @kicked is not empty in vgpu_sched_user.kicked
 * @kicked: its queues that are KICKED
 * @queues: all its queues that are not DEAD
 * @live: how many these are
 * @resident_bytes: memory of its jobs' blocks, under sched.lock
 * @drained: woken when @live becomes 0
 * @tl_lock: protects @timelines
 * @timelines: to be killed with the context
 * @id: never the same twice, for vgpu_unit.owner
 * @memcg: pays for memory that workers allocate for it
 * @chores: those that have not begun
 * @chore_work: does them
 * @chore_task: the thread, while
 * @doing: this is what it does; under sched.lock, never dereferenced
 * @chore_done: woken after each
 * @hurries: who ends and waits for them
 * @due_lock: protects @due
 * @due: eventfds that are to be signalled, see eventfd.c
 * @due_work: signals them
 */
struct vgpu_sched_ctx {
	struct vgpu_ctx *ctx;
	struct vgpu_sched_user *user;
	struct list_head link;
	u64 held_ns;
	struct list_head jobs[VGPU_PRIORITIES];
	unsigned long levels;
	u64 turns;
	struct list_head kick_link;
	struct list_head kicked;
	struct list_head queues;
	unsigned int live;
	u64 resident_bytes;
	wait_queue_head_t drained;
	struct mutex tl_lock;
	struct list_head timelines;
	u64 id;
	struct mem_cgroup *memcg;
	struct list_head chores;
	struct work_struct chore_work;
	struct task_struct *chore_task;
	struct vgpu_chore *doing;
	wait_queue_head_t chore_done;
	unsigned int hurries;
	spinlock_t due_lock;
	struct list_head due;
	struct work_struct due_work;
};

/* Waits for what chores of a context may have to come to first. Who waits may be killed while he does. */
#define vgpu_wait_for_chores(s, wq, condition) do {					\
	bool _hurried = false;								\
											\
	while (!wait_event_timeout(wq, condition, msecs_to_jiffies(10)))		\
		if (!_hurried && (fatal_signal_pending(current) || current->flags & PF_EXITING)) { \
			vgpu_chores_hurry(s);						\
			_hurried = true;						\
		}									\
	if (_hurried)									\
		vgpu_chores_calm(s);							\
} while (0)

int vgpu_sched_ctx_add_tl(struct vgpu_ctx *ctx, struct vgpu_timeline *tl);
void vgpu_sched_ctx_remove_tl(struct vgpu_ctx *ctx, struct vgpu_timeline *tl);

/* ---- devices that are held up (pause.c), under sched.lock */
bool vgpu_pause_holds(const struct vgpu_device *dev);
void vgpu_pause_hold(struct vgpu_sched_ctx *s);
void vgpu_pause_charge(struct vgpu_device *dev, u64 from, u64 to);

/* ---- workers (worker.c) */

/**
 * struct vgpu_worker - one worker thread
 * @task: the thread
 * @index: its number
 * @cpu: where it runs
 * @sleeping: on sched.idle
 * @link: in sched.idle
 * @slice_as: address space it may be translating in, see slice.c
 * @slice_seq: slices begun
 * @slice_start: when the present one began
 * @fpu: the present one is an FPU section
 * @section: what its end checks
 * @ticks_start: engine_ticks() when it began
 * @tick_rate: ticks in 1024 ns, as slices of this worker showed
 * @owner: context it ran blocks of last, see vgpu_sched_ctx.id
 * @drop: give the spare unit back to the system
 * @unit: spare unit
 * @packet: the packet being looked at
 */
struct vgpu_worker {
	struct task_struct *task;
	unsigned int index;
	int cpu;
	bool sleeping;
	struct list_head link;
	struct vgpu_as *slice_as;
	u64 slice_seq;
	u64 slice_start;
	bool fpu;
	struct vgpu_fpu_section section;
	u64 ticks_start;
	u32 tick_rate;
	u64 owner;
	bool drop;
	struct vgpu_unit *unit;
	u8 packet[VGPU_PACKET_SLOTS * VGPU_SLOT_BYTES] __aligned(8);
};

/**
 * struct vgpu_sched - the scheduler; one for all devices
 * @lock: protects all lists
 * @kicks: users with queues to look at, round robin
 * @polled: IDLE queues that awake workers look at
 * @npolled: how many
 * @runnable: users with work to hand out, round robin
 * @looks: users with queues that look at memory again, round robin
 * @look: kicks some of these, each jiffy
 * @idle: sleeping workers
 * @nidle: how many
 * @nspinning: workers that look for work without sleeping
 * @wq: for what looks again later
 * @chores: for what may wait
 * @due: signals eventfds
 * @nworkers: workers
 * @worker: they
 */
struct vgpu_sched {
	spinlock_t lock;
	struct list_head kicks;
	struct list_head polled;
	unsigned int npolled;
	struct list_head runnable;
	struct list_head looks;
	struct delayed_work look;
	struct list_head idle;
	unsigned int nidle;
	unsigned int nspinning;
	struct workqueue_struct *wq;
	struct workqueue_struct *chores;
	struct workqueue_struct *due;
	unsigned int nworkers;
	struct vgpu_worker *worker[VGPU_MAX_WORKERS];
};

extern struct vgpu_sched vgpu_sched;

void vgpu_wake_workers(unsigned int n);
void vgpu_workers_drop_spares(void);

/* ---- slices (slice.c) */
#define VGPU_TICK_RATE_FIRST	1024	/* until it is known: no processor's clock is slower */

void vgpu_slice_begin(struct vgpu_worker *w, struct vgpu_as *as, bool fpu);
u64 vgpu_slice_ticks(const struct vgpu_worker *w, u32 ns);
u64 vgpu_slice_end(struct vgpu_worker *w);

#endif
