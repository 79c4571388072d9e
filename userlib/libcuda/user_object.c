// SPDX-License-Identifier: MIT
/* User objects: things of the program that live as long as graphs refer to them. */
#include <stdlib.h>
#include "graph.h"

struct CUuserObject_st {
	struct cu_object obj;
	unsigned int uses;
	CUhostFn destroy;
	void *data;
};

/* References that a graph holds. */
struct cu_held_object {
	struct cu_held_object *next;
	CUuserObject object;
	unsigned int count;
};

/* The last of the uses ends the object; nobody gives back more than there is. */
static CUresult release(CUuserObject o, unsigned int count)
{
	unsigned int uses = __atomic_load_n(&o->uses, __ATOMIC_RELAXED);

	do {
		if (count > uses)
			return CUDA_ERROR_INVALID_VALUE;
	} while (!__atomic_compare_exchange_n(&o->uses, &uses, uses - count, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (uses == count) {
		o->destroy(o->data);
		cu_object_free(o);
	}
	return CUDA_SUCCESS;
}

static CUresult get(CUuserObject o, unsigned int count)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	return cu_is(o, CU_USER_OBJECT) && count && count <= INT32_MAX ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult hold(CUgraph g, CUuserObject o, unsigned int count)
{
	struct cu_held_object *h = g->objects;

	while (h && h->object != o)
		h = h->next;
	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			return CUDA_ERROR_OUT_OF_MEMORY;
		h->object = o;
		h->next = g->objects;
		g->objects = h;
	}
	h->count += count;
	return CUDA_SUCCESS;
}

CUresult cu_objects_copy(CUgraph to, CUgraph from)
{
	CUresult r = CUDA_SUCCESS;

	for (struct cu_held_object *h = from->objects; h && !r; h = h->next) {
		r = hold(to, h->object, 1);
		if (!r)
			__atomic_add_fetch(&h->object->uses, 1, __ATOMIC_RELAXED);
	}
	return r;
}

void cu_objects_release(CUgraph g)
{
	while (g->objects) {
		struct cu_held_object *h = g->objects;

		g->objects = h->next;
		release(h->object, h->count);
		free(h);
	}
}

CUDA_API(cuUserObjectCreate,
	 CU_ARGS(CUuserObject *object, void *data, CUhostFn destroy, unsigned int count, unsigned int flags),
	 CU_ARGS(object, data, destroy, count, flags))
{
	CUuserObject o;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!object || !destroy || !count || count > INT32_MAX || flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC)
		return CUDA_ERROR_INVALID_VALUE;
	o = cu_object_new(CU_USER_OBJECT, sizeof(*o));
	if (!o)
		return CUDA_ERROR_OUT_OF_MEMORY;
	o->uses = count;
	o->destroy = destroy;
	o->data = data;
	*object = o;
	return CUDA_SUCCESS;
}

CUDA_API(cuUserObjectRetain, CU_ARGS(CUuserObject object, unsigned int count), CU_ARGS(object, count))
{
	CUresult r = get(object, count);

	if (!r)
		__atomic_add_fetch(&object->uses, count, __ATOMIC_RELAXED);
	return r;
}

CUDA_API(cuUserObjectRelease, CU_ARGS(CUuserObject object, unsigned int count), CU_ARGS(object, count))
{
	CUresult r = get(object, count);

	return r ? r : release(object, count);
}

CUDA_API(cuGraphRetainUserObject, CU_ARGS(CUgraph graph, CUuserObject object, unsigned int count, unsigned int flags),
	 CU_ARGS(graph, object, count, flags))
{
	CUresult r = cu_graph_get(graph);

	if (!r)
		r = get(object, count);
	if (!r && flags & ~CU_GRAPH_USER_OBJECT_MOVE)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = hold(graph, object, count);
	if (!r && !(flags & CU_GRAPH_USER_OBJECT_MOVE))
		__atomic_add_fetch(&object->uses, count, __ATOMIC_RELAXED);
	return r;
}

CUDA_API(cuGraphReleaseUserObject, CU_ARGS(CUgraph graph, CUuserObject object, unsigned int count),
	 CU_ARGS(graph, object, count))
{
	struct cu_held_object **at, *h;
	CUresult r = cu_graph_get(graph);

	if (!r)
		r = get(object, count);
	if (r)
		return r;
	for (at = &graph->objects; *at && (*at)->object != object; at = &(*at)->next)
		;
	h = *at;
	if (!h || h->count < count)
		return CUDA_ERROR_INVALID_VALUE;
	h->count -= count;
	if (!h->count) {
		*at = h->next;
		free(h);
	}
	release(object, count);
	return CUDA_SUCCESS;
}
