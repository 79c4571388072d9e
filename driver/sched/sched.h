/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The face of driver/sched: workers, queues, fences.
 */
#ifndef _VGPU_SCHED_SCHED_H
#define _VGPU_SCHED_SCHED_H

#include <linux/list.h>
#include <linux/types.h>

#define VGPU_MAX_WORKERS	256
#define VGPU_QUEUE_MAX_SLOTS	65536u

struct vgpu_as;
struct vgpu_code;
struct vgpu_ctx;
struct vgpu_device;
struct vgpu_kernel_info;
struct vgpu_obj;
struct vm_area_struct;

/* ---- worker.c: the threads */
int vgpu_sched_init(void);
void vgpu_sched_exit(void);
unsigned int vgpu_sched_workers(void);

/* ---- ctx.c: a context's share */
int vgpu_sched_ctx_init(struct vgpu_ctx *ctx);
void vgpu_sched_ctx_stop(struct vgpu_ctx *ctx);
void vgpu_sched_ctx_drain(struct vgpu_ctx *ctx);
int vgpu_chores_begin(void);
void vgpu_chores_end(int nice);
void vgpu_sched_ctx_free(struct vgpu_ctx *ctx);

/* ---- turn.c: users and their turns */

/**
 * struct vgpu_sched_user - a user's part in the scheduler; there while it has a context
 * @run_link: in sched.runnable while @runnable is not empty
 * @runnable: its contexts with work to hand out, round robin
 * @kick_link: in sched.kicks while @kicked is not empty
 * @kicked: its contexts with kicked queues, round robin
 * @look_link: in sched.looks while @looking is not empty
 * @looking: its queues that are to look at memory again, round robin
 */
struct vgpu_sched_user {
	struct list_head run_link;
	struct list_head runnable;
	struct list_head kick_link;
	struct list_head kicked;
	struct list_head look_link;
	struct list_head looking;
};

void vgpu_sched_user_init(struct vgpu_sched_user *u);

/* ---- slice.c: returns once no worker uses a translation of before */
void vgpu_sched_quiesce(struct vgpu_as *as);

/* ---- launch.c */
void vgpu_sched_occupancy(struct vgpu_device *dev, struct vgpu_code *code,
			  struct vgpu_kernel_info *k);

/* ---- pause.c: devices that are slow or hang */
void vgpu_pause_init(struct vgpu_device *dev);
void vgpu_pause_exit(struct vgpu_device *dev);
void vgpu_pause_hang(struct vgpu_device *dev, bool hang);
int vgpu_pause_wait(struct vgpu_ctx *ctx);
void vgpu_pause_speed(struct vgpu_device *dev, u32 percent);

/* ---- timeline.c */

/**
 * struct vgpu_tl_waiter - to be called when a timeline reaches a value
 * @link: in the timeline's list
 * @value: the value
 * @fn: called once, under the timeline's lock, after unlinking; also when the timeline dies. There may be
 *	4096 of them: what takes long it leaves to others
 */
struct vgpu_tl_waiter {
	struct list_head link;
	u64 value;
	void (*fn)(struct vgpu_tl_waiter *w);
};

/* ---- queue.c */
int vgpu_queue_mmap(struct vm_area_struct *vma, struct vgpu_obj *obj, u64 offset);

#endif
