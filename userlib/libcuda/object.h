/* SPDX-License-Identifier: MIT */
/*
 * What every handle points to begins with.  The memory of an object is only
 * ever used again for an object of the same type, so that looking at the type
 * of a handle that was closed long ago is safe, and tells.
 */
#ifndef VGPU_OBJECT_H
#define VGPU_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cu_type {
	CU_FREE,
	CU_CONTEXT,
	CU_STREAM,
	CU_EVENT,
	CU_MODULE,
	CU_FUNCTION,
	CU_LIBRARY,
	CU_KERNEL,
	CU_POOL,
	CU_ALLOCATION,
	CU_LINK,
	CU_GRAPH,
	CU_GRAPH_NODE,
	CU_GRAPH_EXEC,
	CU_USER_OBJECT,
	CU_TYPES,
};

#define CU_MAGIC(type) (0x76677000u | (type))

struct cu_object {
	uint32_t magic;
	bool ending;
	struct cu_object *next_free;
};

/* A zeroed object of that type, or NULL.  The size of a type never changes. */
void *cu_object_new(enum cu_type type, size_t size);
void cu_object_free(void *object);

static inline bool cu_is(const void *handle, enum cu_type type)
{
	const struct cu_object *o = handle;

	return o && !((uintptr_t)o & 7) && (uintptr_t)o >= 4096 &&
	       __atomic_load_n(&o->magic, __ATOMIC_ACQUIRE) == CU_MAGIC(type);
}

/* To end an object: of several calls one is told true. */
static inline bool cu_claim(void *handle)
{
	struct cu_object *o = handle;

	return !__atomic_exchange_n(&o->ending, true, __ATOMIC_ACQ_REL);
}

#endif
