// SPDX-License-Identifier: MIT
/* What nodes do: copied from the forms in which programs say it, checked, and given back. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "copy.h"
#include "event.h"
#include "graph.h"
#include "stream_value.h"

void cu_node_params_free(enum cu_node_type type, struct cu_node_params *p)
{
	switch (type) {
	case CU_GRAPH_NODE_KERNEL:
		free(p->kernel.params);
		free(p->kernel.pointers);
		free(p->kernel.attrs);
		break;
	case CU_GRAPH_NODE_GRAPH:
		if (p->child && !p->moved)
			cu_graph_free(p->child);
		break;
	case CU_GRAPH_NODE_MEM_ALLOC:
	case CU_GRAPH_NODE_MEM_FREE:
		if (p->mem)
			cu_graph_mem_put(p->mem);
		break;
	case CU_GRAPH_NODE_BATCH_MEM_OP:
		free(p->ops);
		break;
	default:
		break;
	}
	memset(p, 0, sizeof(*p));
}

/* Room for a kernel's parameters, and the pointers into it. */
static CUresult kernel_room(struct cu_node_kernel *k)
{
	const struct vgpucc_kernel *info = &k->f->kernel;

	k->params = calloc(1, info->param_size + 1);
	k->pointers = calloc(info->nparams + 1, sizeof(*k->pointers));
	if (!k->params || !k->pointers)
		return CUDA_ERROR_OUT_OF_MEMORY;
	for (unsigned int i = 0; i < info->nparams; i++)
		k->pointers[i] = k->params + info->params[i].offset;
	return CUDA_SUCCESS;
}

static CUresult kernel_attrs(struct cu_node_kernel *k, const CUlaunchAttribute *attrs, unsigned int count)
{
	CUresult r = CUDA_SUCCESS;

	for (unsigned int i = 0; i < count && !r; i++)
		r = cu_node_kernel_attribute(k, attrs[i].id, &attrs[i].value);
	return r;
}

CUresult cu_node_kernel_set(struct cu_node_params *p, CUfunction f, const struct cu_launch *l)
{
	struct cu_node_kernel *k = &p->kernel;
	CUresult r;

	memset(p, 0, sizeof(*p));
	p->ctx = f->mod->ctx;
	k->f = f;
	k->shape = *l;
	k->shape.params = k->shape.extra = NULL;
	k->shape.attrs = NULL;
	k->shape.event = NULL;
	r = cu_launch_check(f, &k->shape);
	if (!r)
		r = kernel_room(k);
	if (!r)
		r = cu_launch_gather(f, l, k->params);
	if (!r)
		r = kernel_attrs(k, l->attrs, l->nattrs);
	if (r)
		cu_node_params_free(CU_GRAPH_NODE_KERNEL, p);
	return r;
}

CUresult cu_node_kernel_attribute(struct cu_node_kernel *k, unsigned int id, const CUlaunchAttributeValue *value)
{
	CUlaunchAttribute a = { .id = id, .value = *value }, *list;
	CUresult r = cu_launch_attribute(&a, &k->shape);

	if (k->shape.event) {
		/* Captured launches record theirs by a node of its own. */
		k->shape.event = NULL;
		return r;
	}
	if (r || id == CU_LAUNCH_ATTRIBUTE_IGNORE)
		return r;
	if (id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
		a.value.priority = k->shape.priority;
	for (unsigned int i = 0; i < k->nattrs; i++) {
		if (k->attrs[i].id == id) {
			k->attrs[i] = a;
			return CUDA_SUCCESS;
		}
	}
	list = realloc(k->attrs, (k->nattrs + 1) * sizeof(*list));
	if (!list)
		return CUDA_ERROR_OUT_OF_MEMORY;
	k->attrs = list;
	list[k->nattrs++] = a;
	return CUDA_SUCCESS;
}

static CUresult kernel_copy(struct cu_node_kernel *to, const struct cu_node_kernel *from)
{
	CUresult r;

	to->f = from->f;
	to->shape = from->shape;
	r = kernel_room(to);
	if (r)
		return r;
	memcpy(to->params, from->params, from->f->kernel.param_size);
	return kernel_attrs(to, from->attrs, from->nattrs);
}

CUresult cu_node_params_copy(enum cu_node_type type, struct cu_node_params *to, const struct cu_node_params *from)
{
	CUresult r = CUDA_SUCCESS;

	memset(to, 0, sizeof(*to));
	to->ctx = from->ctx;
	to->address = from->address;
	switch (type) {
	case CU_GRAPH_NODE_KERNEL:
		if (!cu_is(from->kernel.f, CU_FUNCTION))
			return CUDA_ERROR_INVALID_VALUE; /* its module was unloaded */
		r = kernel_copy(&to->kernel, &from->kernel);
		break;
	case CU_GRAPH_NODE_GRAPH:
		r = cu_graph_clone(from->child, &to->child);
		break;
	case CU_GRAPH_NODE_MEM_ALLOC:
	case CU_GRAPH_NODE_MEM_FREE:
		to->mem = from->mem ? cu_graph_mem_hold(from->mem) : NULL;
		break;
	case CU_GRAPH_NODE_BATCH_MEM_OP:
		to->ops = malloc(from->nops * sizeof(*to->ops) + 1);
		if (!to->ops)
			return CUDA_ERROR_OUT_OF_MEMORY;
		memcpy(to->ops, from->ops, from->nops * sizeof(*to->ops));
		to->nops = from->nops;
		break;
	default:
		*to = *from;
	}
	if (r)
		cu_node_params_free(type, to);
	return r;
}

/* ---- from the forms that programs use */

CUresult cu_node_kernel_from(struct cu_node_params *p, const CUDA_KERNEL_NODE_PARAMS *k, bool second)
{
	struct cu_launch l;
	CUfunction f;
	CUresult r;

	if (!k || (k->kernelParams && k->extra))
		return CUDA_ERROR_INVALID_VALUE;
	l = (struct cu_launch){
		.grid = { k->gridDimX, k->gridDimY, k->gridDimZ },
		.block = { k->blockDimX, k->blockDimY, k->blockDimZ },
		.dynamic = k->sharedMemBytes,
		.params = k->kernelParams,
		.extra = k->extra,
	};
	if (k->func || !second) {
		r = cu_function_get(k->func, &f);
	} else if (!cu_is(k->kern, CU_KERNEL)) {
		r = CUDA_ERROR_INVALID_VALUE;
	} else {
		CUcontext ctx;

		r = cu_context_get(k->ctx, &ctx);
		if (!r)
			r = cu_kernel_function(k->kern, ctx, &f);
	}
	if (r)
		return r == CUDA_ERROR_INVALID_HANDLE ? CUDA_ERROR_INVALID_VALUE : r;
	return cu_node_kernel_set(p, f, &l);
}

CUresult cu_node_kernel_replace(CUgraphNode n, struct cu_node_params *p, const CUDA_KERNEL_NODE_PARAMS *k, bool second)
{
	CUresult r = cu_node_kernel_from(p, k, second);

	if (r)
		return r;
	r = kernel_attrs(&p->kernel, n->p.kernel.attrs, n->p.kernel.nattrs);
	p->kernel.shape.cooperative = n->p.kernel.shape.cooperative;
	p->kernel.shape.priority = n->p.kernel.shape.priority;
	if (r)
		cu_node_params_free(CU_GRAPH_NODE_KERNEL, p);
	return r;
}

CUresult cu_node_copy_from(struct cu_node_params *p, const CUDA_MEMCPY3D *c, CUcontext ctx)
{
	struct cu_box box;
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && !c)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_box_from_3d(c, &box);
	if (!r && (!box.width || !box.height || !box.depth))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_copy_check(ctx, &box);
	if (r)
		return r;
	*p = (struct cu_node_params){ .copy = *c, .ctx = ctx };
	return CUDA_SUCCESS;
}

CUresult cu_node_fill_from(struct cu_node_params *p, const CUDA_MEMSET_NODE_PARAMS *f, CUcontext ctx)
{
	struct vgpu_pkt_fill packet;
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && (!f || !f->width || !f->height))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_fill_packet(ctx, f->dst, f->pitch, f->value, f->elementSize, f->width, f->height, &packet, NULL);
	if (r)
		return r;
	memset(p, 0, sizeof(*p));
	memcpy(&p->fill, f, offsetof(CUDA_MEMSET_NODE_PARAMS, ctx));
	p->fill.ctx = p->ctx = ctx;
	return CUDA_SUCCESS;
}

CUresult cu_node_host_from(struct cu_node_params *p, const CUDA_HOST_NODE_PARAMS *h)
{
	if (!h || !h->fn)
		return CUDA_ERROR_INVALID_VALUE;
	*p = (struct cu_node_params){ .host = *h };
	return CUDA_SUCCESS;
}

CUresult cu_node_event_from(struct cu_node_params *p, CUevent event)
{
	CUresult r = cu_event_get(event);

	if (r)
		return r == CUDA_ERROR_INVALID_HANDLE ? CUDA_ERROR_INVALID_VALUE : r;
	*p = (struct cu_node_params){ .event = event, .ctx = event->ctx };
	return CUDA_SUCCESS;
}

CUresult cu_node_ops_from(struct cu_node_params *p, const CUDA_BATCH_MEM_OP_NODE_PARAMS *o)
{
	struct cu_node_params n = { 0 };
	CUresult r;

	if (!o || o->flags || (o->count && !o->paramArray) || o->count > CU_BATCH_MAX)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_context_get(o->ctx, &n.ctx);
	for (unsigned int i = 0; i < o->count && !r; i++)
		r = cu_value_check(n.ctx, &o->paramArray[i]);
	if (r)
		return r;
	n.ops = malloc(o->count * sizeof(*n.ops) + 1);
	if (!n.ops)
		return CUDA_ERROR_OUT_OF_MEMORY;
	memcpy(n.ops, o->paramArray, o->count * sizeof(*n.ops));
	n.nops = o->count;
	*p = n;
	return CUDA_SUCCESS;
}

static CUresult child_from(struct cu_node_params *p, const CUDA_CHILD_GRAPH_NODE_PARAMS *c)
{
	CUresult r = cu_graph_get(c->graph);

	if (r)
		return r;
	if (c->ownership == CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE) {
		if (c->graph->owner || c->graph->capturing)
			return CUDA_ERROR_INVALID_VALUE;
		*p = (struct cu_node_params){ .child = c->graph, .moved = true };
		return CUDA_SUCCESS;
	}
	if (c->ownership != CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE)
		return CUDA_ERROR_INVALID_VALUE;
	if (c->graph->memory)
		return CUDA_ERROR_NOT_SUPPORTED;
	memset(p, 0, sizeof(*p));
	return cu_graph_clone(c->graph, &p->child);
}

static CUresult alloc_from(struct cu_node_params *p, CUDA_MEM_ALLOC_NODE_PARAMS *a)
{
	struct cu_device *d;
	CUresult r = cu_device_get(a->poolProps.location.id, &d);
	CUcontext ctx = cu_stack_top();

	if (r || a->poolProps.allocType != CU_MEM_ALLOCATION_TYPE_PINNED || !a->bytesize ||
	    (a->accessDescCount && !a->accessDescs))
		return CUDA_ERROR_INVALID_VALUE;
	if (a->poolProps.handleTypes || a->poolProps.location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return cu_refuse("graph memory that is shared or on the host");
	if (!cu_context_alive(ctx) || ctx->dev != d)
		ctx = d->primary;
	if (!cu_context_alive(ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	memset(p, 0, sizeof(*p));
	p->ctx = ctx;
	r = cu_graph_mem_new(ctx, a->bytesize, &p->mem);
	if (!r)
		a->dptr = cu_graph_mem_address(p->mem);
	return r;
}

static CUresult free_from(struct cu_node_params *p, CUdeviceptr address)
{
	struct cu_graph_mem *m = cu_graph_mem_find(address);

	if (!m)
		return CUDA_ERROR_INVALID_VALUE;
	*p = (struct cu_node_params){ .mem = m, .address = address, .ctx = cu_graph_mem_context(m) };
	return CUDA_SUCCESS;
}

CUresult cu_node_params_from(enum cu_node_type type, struct cu_node_params *p, CUgraphNodeParams *n)
{
	switch (type) {
	case CU_GRAPH_NODE_KERNEL:
		return cu_node_kernel_from(p, &n->kernel, true);
	case CU_GRAPH_NODE_MEMCPY:
		return n->memcpy.flags ? CUDA_ERROR_INVALID_VALUE :
					 cu_node_copy_from(p, &n->memcpy.copyParams, n->memcpy.copyCtx);
	case CU_GRAPH_NODE_MEMSET:
		return cu_node_fill_from(p, &n->memset, n->memset.ctx);
	case CU_GRAPH_NODE_HOST:
		return cu_node_host_from(p, &n->host);
	case CU_GRAPH_NODE_GRAPH:
		return child_from(p, &n->graph);
	case CU_GRAPH_NODE_EMPTY:
		memset(p, 0, sizeof(*p));
		return CUDA_SUCCESS;
	case CU_GRAPH_NODE_WAIT_EVENT:
	case CU_GRAPH_NODE_EVENT_RECORD:
		return cu_node_event_from(p, n->event);
	case CU_GRAPH_NODE_MEM_ALLOC:
		return alloc_from(p, &n->alloc);
	case CU_GRAPH_NODE_MEM_FREE:
		return free_from(p, n->free);
	case CU_GRAPH_NODE_BATCH_MEM_OP:
		return cu_node_ops_from(p, &n->memOp);
	case CU_GRAPH_NODE_EXT_SEMAS_SIGNAL:
	case CU_GRAPH_NODE_EXT_SEMAS_WAIT:
		return cu_refuse("graph nodes of external semaphores");
	case CU_GRAPH_NODE_CONDITIONAL:
		return cu_refuse("conditional graph nodes");
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

void cu_node_kernel_to(CUgraphNode n, CUDA_KERNEL_NODE_PARAMS *k, bool second)
{
	const struct cu_node_kernel *own = &n->p.kernel;
	const struct cu_launch *l = &own->shape;
	CUDA_KERNEL_NODE_PARAMS full = {
		.func = own->f,
		.gridDimX = l->grid[0],
		.gridDimY = l->grid[1],
		.gridDimZ = l->grid[2],
		.blockDimX = l->block[0],
		.blockDimY = l->block[1],
		.blockDimZ = l->block[2],
		.sharedMemBytes = l->dynamic,
		.kernelParams = own->pointers,
		.kern = cu_kernel_of(own->f),
		.ctx = n->p.ctx,
	};

	memcpy(k, &full, second ? sizeof(full) : offsetof(CUDA_KERNEL_NODE_PARAMS, kern));
}
