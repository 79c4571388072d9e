/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the modules have allocated, by kind: counted where it is made and where it ends,
 * looked at when a module goes. Needs no debug kernel.
 */
#ifndef _VGPU_CORE_TALLY_H
#define _VGPU_CORE_TALLY_H

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

/* Kind, the module whose it is, what one is called; several are called the same with an s. */
#define VGPU_KINDS(X) \
	X(CTX,		VGPU,		"context") \
	X(SCHED_CTX,	VGPU,		"scheduler context") \
	X(WATCH,	VGPU,		"memory watch") \
	X(AS,		VGPU,		"address space") \
	X(PT,		VGPU,		"page-table page") \
	X(MAPPING,	VGPU,		"mapping") \
	X(BO,		VGPU,		"buffer object") \
	X(STORE,	VGPU,		"memory object") \
	X(PIECES,	VGPU,		"piece table") \
	X(VRAM,		VGPU,		"VRAM page") \
	X(HOST,		VGPU,		"host registration") \
	X(PINNED,	VGPU,		"pinned host page") \
	X(QUEUE,	VGPU,		"queue") \
	X(QUEUE_AREA,	VGPU,		"queue area") \
	X(FENCE,	VGPU,		"fence") \
	X(EVENTFD,	VGPU,		"eventfd waiter") \
	X(CODE,		VGPU,		"code object") \
	X(ENGINE_CODE,	VGPU,		"decoded code object") \
	X(LAUNCH,	VGPU,		"launch") \
	X(ENGINE_LAUNCH, VGPU,		"engine launch") \
	X(XFER,		VGPU,		"transfer") \
	X(UNIT,		VGPU,		"block unit") \
	X(WORKER,	VGPU,		"worker") \
	X(FILE,		VGPU,		"open file") \
	X(CLIENT,	VGPU,		"client") \
	X(USER,		VGPU,		"user") \
	X(DEVICE,	VGPU,		"device") \
	X(MONITOR,	VGPU,		"monitor") \
	X(CONFIG,	VGPU,		"configuration space") \
	X(SCRATCH,	VGPU,		"scratch buffer") \
	X(GEM,		VGPU_DRM,	"GEM object") \
	X(DRM_FILE,	VGPU_DRM,	"open render node") \
	X(DRM_FENCE,	VGPU_DRM,	"DMA fence") \
	X(DRM_VIEW,	VGPU_DRM,	"dma-buf view")

enum vgpu_kind {
#define X(kind, of, name) VGPU_KIND_##kind,
	VGPU_KINDS(X)
#undef X
	VGPU_KINDS_COUNT
};

enum vgpu_kind_of { VGPU_KIND_OF_VGPU, VGPU_KIND_OF_VGPU_DRM };

DECLARE_PER_CPU(long [VGPU_KINDS_COUNT], vgpu_tally);

void vgpu_tally_drm(enum vgpu_kind kind, long n);
void vgpu_tally_tell(enum vgpu_kind_of of);

/** vgpu_tally_add - @n more of a kind, or fewer; in any context, of vgpu.ko only */
static inline void vgpu_tally_add(enum vgpu_kind kind, long n)
{
	this_cpu_add(vgpu_tally[kind], n);
}

/** vgpu_counted - @p, counted where there is memory: neither NULL nor an error */
static inline void *vgpu_counted(enum vgpu_kind kind, void *p)
{
	if (!IS_ERR_OR_NULL(p))
		vgpu_tally_add(kind, 1);
	return p;
}

/** vgpu_counted_free - kvfree() of what went through vgpu_counted(); NULL is fine */
static inline void vgpu_counted_free(enum vgpu_kind kind, const void *p)
{
	if (p)
		vgpu_tally_add(kind, -1);
	kvfree(p);
}

#endif
