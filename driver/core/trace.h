/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, in tracefs under events/vgpu: a packet taken from a ring, work that
 * begins and ends, and what goes wrong. pid is the thread group, as the machine sees it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vgpu

#if !defined(_VGPU_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VGPU_CORE_TRACE_H

#include <linux/tracepoint.h>

#include "vgpu.h"

#define VGPU_TRACE_NAME	64

TRACE_EVENT(vgpu_submit,
	TP_PROTO(struct vgpu_ctx *ctx, u32 queue, u64 seqno, u32 type),
	TP_ARGS(ctx, queue, seqno, type),
	TP_STRUCT__entry(
		__field(u32, gpu)
		__field(int, pid)
		__field(u32, ctx)
		__field(u32, queue)
		__field(u64, seqno)
		__field(u32, type)
	),
	TP_fast_assign(
		__entry->gpu = ctx->dev->index;
		__entry->pid = pid_nr(ctx->pid);
		__entry->ctx = ctx->obj.handle;
		__entry->queue = queue;
		__entry->seqno = seqno;
		__entry->type = type;
	),
	TP_printk("gpu=%u pid=%d ctx=%u queue=%u seqno=%llu type=%s", __entry->gpu, __entry->pid,
		  __entry->ctx, __entry->queue, __entry->seqno,
		  __print_symbolic(__entry->type,
				   { VGPU_PKT_NOP, "nop" }, { VGPU_PKT_LAUNCH, "launch" },
				   { VGPU_PKT_COPY, "copy" }, { VGPU_PKT_FILL, "fill" },
				   { VGPU_PKT_SIGNAL, "signal" }, { VGPU_PKT_WAIT, "wait" },
				   { VGPU_PKT_TIMESTAMP, "timestamp" },
				   { VGPU_PKT_WAIT_VALUE, "wait_value" }))
);

TRACE_EVENT(vgpu_start,
	TP_PROTO(struct vgpu_ctx *ctx, u32 queue, u64 seqno, const char *name, u64 blocks,
		 u32 threads),
	TP_ARGS(ctx, queue, seqno, name, blocks, threads),
	TP_STRUCT__entry(
		__field(u32, gpu)
		__field(int, pid)
		__field(u32, ctx)
		__field(u32, queue)
		__field(u64, seqno)
		__field(u64, blocks)
		__field(u32, threads)
		__array(char, name, VGPU_TRACE_NAME)
	),
	TP_fast_assign(
		__entry->gpu = ctx->dev->index;
		__entry->pid = pid_nr(ctx->pid);
		__entry->ctx = ctx->obj.handle;
		__entry->queue = queue;
		__entry->seqno = seqno;
		__entry->blocks = blocks;
		__entry->threads = threads;
		strscpy(__entry->name, name, VGPU_TRACE_NAME);
	),
	TP_printk("gpu=%u pid=%d ctx=%u queue=%u seqno=%llu name=%s blocks=%llu threads=%u",
		  __entry->gpu, __entry->pid, __entry->ctx, __entry->queue, __entry->seqno,
		  __entry->name, __entry->blocks, __entry->threads)
);

TRACE_EVENT(vgpu_end,
	TP_PROTO(struct vgpu_ctx *ctx, u32 queue, u64 seqno, const char *name, u64 ns,
		 u64 worker_ns, bool complete),
	TP_ARGS(ctx, queue, seqno, name, ns, worker_ns, complete),
	TP_STRUCT__entry(
		__field(u32, gpu)
		__field(int, pid)
		__field(u32, ctx)
		__field(u32, queue)
		__field(u64, seqno)
		__field(u64, ns)
		__field(u64, worker_ns)
		__field(bool, complete)
		__array(char, name, VGPU_TRACE_NAME)
	),
	TP_fast_assign(
		__entry->gpu = ctx->dev->index;
		__entry->pid = pid_nr(ctx->pid);
		__entry->ctx = ctx->obj.handle;
		__entry->queue = queue;
		__entry->seqno = seqno;
		__entry->ns = ns;
		__entry->worker_ns = worker_ns;
		__entry->complete = complete;
		strscpy(__entry->name, name, VGPU_TRACE_NAME);
	),
	TP_printk("gpu=%u pid=%d ctx=%u queue=%u seqno=%llu name=%s ns=%llu worker_ns=%llu complete=%d",
		  __entry->gpu, __entry->pid, __entry->ctx, __entry->queue, __entry->seqno,
		  __entry->name, __entry->ns, __entry->worker_ns, __entry->complete)
);

TRACE_EVENT(vgpu_fault,
	TP_PROTO(struct vgpu_device *dev, struct pid *who, const struct vgpu_fault *f),
	TP_ARGS(dev, who, f),
	TP_STRUCT__entry(
		__field(u32, gpu)
		__field(int, pid)
		__field(u64, event)
		__field(u32, kind)
		__field(u32, xid)
		__field(u64, address)
		__array(char, name, VGPU_TRACE_NAME)
	),
	TP_fast_assign(
		__entry->gpu = dev->index;
		__entry->pid = pid_nr(who);
		__entry->event = f->event;
		__entry->kind = f->kind;
		__entry->xid = f->xid;
		__entry->address = f->address;
		strscpy(__entry->name, f->kernel_name, VGPU_TRACE_NAME);
	),
	TP_printk("gpu=%u pid=%d event=%llu kind=%u xid=%u name=%s address=%#llx", __entry->gpu,
		  __entry->pid, __entry->event, __entry->kind, __entry->xid, __entry->name,
		  __entry->address)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
