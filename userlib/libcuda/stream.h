/* SPDX-License-Identifier: MIT */
/* Streams: queues of the device, and the order that CUDA promises between them. */
#ifndef VGPU_STREAM_H
#define VGPU_STREAM_H

#include "context.h"

enum { CU_PRIORITY_LEAST = VGPU_PRIORITY_LEAST, CU_PRIORITY_GREATEST = VGPU_PRIORITY_GREATEST };

/* What is out of the range becomes its nearer end. */
static inline int cu_priority_within(int p)
{
	return p < CU_PRIORITY_GREATEST ? CU_PRIORITY_GREATEST : p > CU_PRIORITY_LEAST ? CU_PRIORITY_LEAST : p;
}
/* Slots of a ring: the largest launch fits and a good many small ones. */
enum { CU_RING_SLOTS = 1024 };

/* Streams that follow the others of a context. */
enum cu_follower { CU_FOLLOWER_LEGACY, CU_FOLLOWER_ALL, CU_FOLLOWERS };

/**
 * struct cu_queue - a queue of the kernel; belongs to a context until that ends
 * @ring: its writing side, under the context's lock
 * @priority: its priority
 * @stream: whose it is, or NULL: idle, or finishing what a destroyed stream has left
 * @blocking: what is in it orders itself with the legacy stream
 * @seen_legacy: newest packet of the legacy stream that it waits for
 * @followed: newest packet of it that each of the followers waits for
 * @entered: number of the newest entry (cuCtxWaitEvent) that it waits for
 * @next: in the context's list
 *
 * A stream that is destroyed gives its queue back for another to use: packet
 * numbers go on, so that events and waits on old ones stay right.
 */
struct cu_queue {
	struct vgpu_ring ring;
	int priority;
	CUstream stream;
	bool blocking;
	uint64_t seen_legacy, followed[CU_FOLLOWERS], entered;
	struct cu_queue *next;
};

/* Nodes of a graph that is being captured, without doubles. */
struct cu_frontier {
	CUgraphNode *list;
	size_t count, room;
};

/* Attributes that change nothing here, as they were set. */
struct cu_stream_hints {
	struct cu_access_window window;
	int sync_policy, domain;
	struct cu_sync_domains domains;
};

enum cu_stream_kind { CU_STREAM_NORMAL, CU_STREAM_DEFAULT_LEGACY, CU_STREAM_DEFAULT_THREAD, CU_STREAM_AFTER_ALL };

/**
 * struct CUstream_st - a stream
 * @obj: type
 * @ctx: its context
 * @queue: NULL until first used
 * @kind: normal, one of the default ones, or the one that follows all others (cuCtxRecordEvent)
 * @flags: CU_STREAM_NON_BLOCKING
 * @priority: as asked for, in range; written under the context's lock
 * @hints: its other attributes, under that lock
 * @id: never the same for two streams
 * @callbacks: runs host functions, once there was one
 * @workspace: memory in which the blocks of a cooperative launch meet, or NULL
 * @capture: what it does at present is put into a graph by this, or NULL (capture.c)
 * @frontier: while capturing: the nodes that the next one depends on
 * @next_captured: in the capture's list
 * @next: in the context's list
 */
struct CUstream_st {
	struct cu_object obj;
	CUcontext ctx;
	struct cu_queue *queue;
	enum cu_stream_kind kind;
	unsigned int flags;
	int priority;
	struct cu_stream_hints hints;
	uint64_t id;
	struct cu_callbacks *callbacks;
	struct cu_mem *workspace;
	struct cu_capture *capture;
	struct cu_frontier frontier;
	struct CUstream_st *next_captured;
	struct CUstream_st *next;
};

/* A point in a queue: done when its packet is. */
struct cu_point {
	struct cu_queue *queue;
	uint64_t packet;
};

CUresult cu_stream_create(CUcontext ctx, enum cu_stream_kind kind, unsigned int flags, int priority, CUstream *s);
void cu_stream_destroy(CUstream s);

static inline int cu_stream_priority(CUstream s)
{
	return __atomic_load_n(&s->priority, __ATOMIC_RELAXED);
}

/* For what is submitted from now on, in a queue of that priority; the context's lock is held. */
static inline void cu_stream_set_priority(CUstream s, int priority)
{
	__atomic_store_n(&s->priority, cu_priority_within(priority), __ATOMIC_RELAXED);
}

/* The stream behind a handle; the default ones are made when first asked for. */
CUresult cu_stream_get(CUstream handle, CUstream *s);

/*
 * Write packets: begin takes the context's lock and orders the stream after
 * what it must follow; end gives the lock back.
 */
CUresult cu_submit_begin(CUstream handle, CUstream *s);
/* With that many slots free, in a larger ring if the stream's is too small. */
CUresult cu_submit_begin_room(CUstream handle, uint32_t slots, CUstream *s);
/* In a stream of its own that follows all that is in the context's streams now, and is followed by none. */
CUresult cu_submit_begin_after_all(CUcontext ctx, CUstream *s);
/* In a context's legacy default stream, whichever context is current and whatever its streams capture. */
CUresult cu_submit_begin_legacy(CUcontext ctx, CUstream *s);
CUresult cu_submit(CUstream s, const void *packet);
void cu_submit_end(CUstream s);
/* The stream's newest packet, to be called between begin and end. */
struct cu_point cu_stream_point(CUstream s);
/* Let the stream wait for a point (between begin and end). */
CUresult cu_submit_wait(CUstream s, struct cu_point p);

/* What is submitted to a context from now on comes after a point of it (stream_order.c). */
CUresult cu_streams_wait(CUcontext ctx, struct cu_point p);
void cu_entries_destroy(CUcontext ctx);
/* How far one call is with that; zero at first.  What it has in rest is the caller's to free. */
struct cu_follow {
	struct cu_point *rest;
	size_t at, count;
};

/*
 * Write the waits that a stream needs before its next packet, as long as more
 * than @keep slots stay free; *ready: that was all of them.  Lock held.
 */
CUresult cu_stream_follow(CUstream s, struct cu_follow *f, uint32_t keep, bool *ready);

bool cu_point_done(struct cu_point p);
/* Sleep until a point; then fetch what kernels printed. */
CUresult cu_point_wait(CUcontext ctx, struct cu_point p);
CUresult cu_stream_synchronize(CUstream s);
/* CUDA_ERROR_NOT_READY while it has something to do; never waits. */
CUresult cu_stream_query(CUstream s);
CUresult cu_streams_synchronize(CUcontext ctx);
bool cu_streams_idle(CUcontext ctx);
void cu_streams_destroy(CUcontext ctx);

#endif
