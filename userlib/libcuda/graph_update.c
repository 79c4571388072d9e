// SPDX-License-Identifier: MIT
/*
 * Updating an executable graph from another graph: pair the nodes of the two
 * by their edges, see what may change, then change all or nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "graph_exec.h"
#include "graph_update.h"
#include "memory.h"

/* ---- what may change */

/* What an operand of a copy or fill must stay: memory of this context, or NULL for the host's. */
static CUcontext owner_of(uint64_t address)
{
	struct cu_mem m;

	return cu_mem_find(address, &m) && !cu_mem_is_host(&m) ? m.ctx : NULL;
}

static enum cu_update_result kernel_change(CUgraphExec exec, const struct cu_node_params *old,
					   const struct cu_node_params *p)
{
	bool priority = exec->flags & CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;

	if (old->ctx != p->ctx)
		return CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE;
	if (old->kernel.shape.cooperative != p->kernel.shape.cooperative)
		return CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED;
	return priority && old->kernel.shape.priority != p->kernel.shape.priority ?
		       CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED :
		       CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

static enum cu_update_result copy_change(const struct cu_node_params *old, const struct cu_node_params *p)
{
	struct cu_box was, is;

	if (old->ctx != p->ctx || old->copy.srcMemoryType != p->copy.srcMemoryType ||
	    old->copy.dstMemoryType != p->copy.dstMemoryType || cu_box_from_3d(&old->copy, &was) ||
	    cu_box_from_3d(&p->copy, &is) || owner_of(was.src) != owner_of(is.src) ||
	    owner_of(was.dst) != owner_of(is.dst))
		return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
	return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

static enum cu_update_result fill_change(const struct cu_node_params *old, const struct cu_node_params *p)
{
	const CUDA_MEMSET_NODE_PARAMS *was = &old->fill, *is = &p->fill;

	if (old->ctx != p->ctx || owner_of(was->dst) != owner_of(is->dst) || was->height != is->height)
		return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
	if (was->height > 1 &&
	    (was->width != is->width || was->pitch != is->pitch || was->elementSize != is->elementSize))
		return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
	return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

enum cu_update_result cu_node_change(CUgraphExec exec, CUgraphNode own, const struct cu_node_params *p)
{
	const struct cu_node_params *old = &own->p;

	switch (own->type) {
	case CU_GRAPH_NODE_KERNEL:
		return kernel_change(exec, old, p);
	case CU_GRAPH_NODE_MEMCPY:
		return copy_change(old, p);
	case CU_GRAPH_NODE_MEMSET:
		return fill_change(old, p);
	case CU_GRAPH_NODE_BATCH_MEM_OP:
		return old->ctx != p->ctx || old->nops != p->nops ? CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED :
								    CU_GRAPH_EXEC_UPDATE_SUCCESS;
	case CU_GRAPH_NODE_MEM_ALLOC:
	case CU_GRAPH_NODE_MEM_FREE:
		return old->mem != p->mem ? CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED :
					    CU_GRAPH_EXEC_UPDATE_SUCCESS;
	default:
		return CU_GRAPH_EXEC_UPDATE_SUCCESS;
	}
}

/* Whether a node's packets are as they were; other kinds are cheap to change. */
static bool same(CUgraphNode own, CUgraphNode n)
{
	const struct cu_node_kernel *a = &own->p.kernel, *b = &n->p.kernel;

	if (n->type == CU_GRAPH_NODE_EMPTY || n->type == CU_GRAPH_NODE_GRAPH)
		return true;
	if (n->type != CU_GRAPH_NODE_KERNEL)
		return false;
	return own->p.ctx == n->p.ctx && a->f == b->f && a->shape.dynamic == b->shape.dynamic &&
	       a->shape.cooperative == b->shape.cooperative && !a->nattrs == !b->nattrs &&
	       a->shape.priority == b->shape.priority && !memcmp(a->shape.grid, b->shape.grid, sizeof(a->shape.grid)) &&
	       !memcmp(a->shape.block, b->shape.block, sizeof(a->shape.block)) &&
	       !memcmp(a->params, b->params, a->f->kernel.param_size);
}

/* ---- pairing */

static CUresult fail(CUgraphExecUpdateResultInfo *info, enum cu_update_result result, CUgraphNode n, CUgraphNode from)
{
	*info = (CUgraphExecUpdateResultInfo){ result, n, from };
	return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
}

/* Nodes still to look at, each once. */
struct work {
	CUgraphNode *list;
	size_t count;
};

static CUresult pair(struct work *w, CUgraphNode own, CUgraphNode n, CUgraphExecUpdateResultInfo *info)
{
	if (own->type != n->type)
		return fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED, n, NULL);
	own->pair = n;
	n->pair = own;
	w->list[w->count++] = n;
	return CUDA_SUCCESS;
}

static CUresult pair_exits(struct work *w, CUgraph own, CUgraph g, CUgraphExecUpdateResultInfo *info)
{
	CUgraphNode o = own->first;

	for (CUgraphNode n = g->first; n; n = n->next) {
		CUresult r;

		if (n->out.count)
			continue;
		while (o && o->out.count)
			o = o->next;
		if (!o)
			return fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, n, NULL);
		r = pair(w, o, n, info);
		if (r)
			return r;
		o = o->next;
	}
	while (o && o->out.count)
		o = o->next;
	return o ? fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, NULL, NULL) : CUDA_SUCCESS;
}

static CUresult pair_inputs(struct work *w, CUgraphNode n, CUgraphExecUpdateResultInfo *info)
{
	CUgraphNode own = n->pair;
	CUresult r = CUDA_SUCCESS;

	if (own->in.count != n->in.count)
		return fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, n, NULL);
	for (size_t i = 0; i < n->in.count && !r; i++) {
		struct cu_edge *a = &own->in.list[i], *b = &n->in.list[i];

		if (!a->node->pair && !b->node->pair)
			r = pair(w, a->node, b->node, info);
		else if (a->node->pair != b->node)
			r = fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, n, b->node);
		if (!r && memcmp(&a->data, &b->data, sizeof(a->data)))
			r = fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, n, b->node);
	}
	return r;
}

static CUresult pair_level(CUgraph own, CUgraph g, CUgraphExecUpdateResultInfo *info)
{
	struct work w = { 0 };
	CUresult r;

	if (own->count != g->count)
		return fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, NULL, NULL);
	for (CUgraphNode n = own->first; n; n = n->next)
		n->pair = NULL;
	for (CUgraphNode n = g->first; n; n = n->next)
		n->pair = NULL;
	w.list = malloc((g->count + 1) * sizeof(*w.list));
	if (!w.list)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = pair_exits(&w, own, g, info);
	for (size_t i = 0; i < w.count && !r; i++)
		r = pair_inputs(&w, w.list[i], info);
	/* What leads to no exit is part of a cycle. */
	if (!r && w.count != g->count)
		r = fail(info, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, NULL, NULL);
	free(w.list);
	return r;
}

static CUresult pair_graphs(CUgraph own, CUgraph g, CUgraphExecUpdateResultInfo *info)
{
	CUresult r = pair_level(own, g, info);

	for (CUgraphNode n = g->first; n && !r; n = cu_graph_walk(g, n))
		if (n->type == CU_GRAPH_NODE_GRAPH)
			r = pair_level(n->pair->p.child, n->p.child, info);
	return r;
}

/* ---- changing */

/* Changes that are ready: nodes that hold what their pair is to become. */
struct changes {
	CUgraphNode first;
};

static CUresult prepare_node(CUgraphExec exec, CUgraphNode n, struct changes *c, CUgraphExecUpdateResultInfo *info)
{
	enum cu_update_result result = cu_node_change(exec, n->pair, &n->p);
	CUgraphNode fresh;
	CUresult r;

	if (result)
		return fail(info, result, n, NULL);
	if (same(n->pair, n))
		return CUDA_SUCCESS;
	fresh = cu_graph_node_new(n->type);
	if (!fresh)
		return CUDA_ERROR_OUT_OF_MEMORY;
	fresh->pair = n->pair;
	fresh->next = c->first;
	c->first = fresh;
	r = cu_node_params_copy(n->type, &fresh->p, &n->p);
	if (!r)
		r = cu_node_translate(exec, fresh);
	return r ? fail(info, CU_GRAPH_EXEC_UPDATE_ERROR, n, NULL) : CUDA_SUCCESS;
}

static CUresult prepare(CUgraphExec exec, CUgraph g, struct changes *c, CUgraphExecUpdateResultInfo *info)
{
	CUresult r = CUDA_SUCCESS;

	for (CUgraphNode n = g->first; n && !r; n = cu_graph_walk(g, n))
		if (n->type != CU_GRAPH_NODE_GRAPH)
			r = prepare_node(exec, n, c, info);
	return r;
}

static void commit(CUgraphExec exec, struct changes *c, bool good)
{
	while (c->first) {
		CUgraphNode fresh = c->first, own = fresh->pair;

		c->first = fresh->next;
		if (good) {
			struct cu_node_params p = own->p;
			struct cu_node_code *code = own->code;

			own->p = fresh->p;
			own->code = fresh->code;
			fresh->p = p;
			fresh->code = code;
			exec->stale = true;
		}
		cu_graph_node_free(fresh);
	}
}

/* The executable graph's part own becomes as g is. */
static CUresult update(CUgraphExec exec, CUgraph own, CUgraph g, CUgraphExecUpdateResultInfo *info)
{
	struct changes c = { NULL };
	CUresult r = pair_graphs(own, g, info);

	if (!r)
		r = prepare(exec, g, &c, info);
	commit(exec, &c, !r);
	return r;
}

CUresult cu_graph_update(CUgraphExec exec, CUgraph g, CUgraphExecUpdateResultInfo *info)
{
	CUresult r;

	*info = (CUgraphExecUpdateResultInfo){ .result = CU_GRAPH_EXEC_UPDATE_SUCCESS };
	pthread_mutex_lock(&exec->lock);
	r = update(exec, exec->graph, g, info);
	pthread_mutex_unlock(&exec->lock);
	if (r && !info->result)
		info->result = CU_GRAPH_EXEC_UPDATE_ERROR;
	return r;
}

CUresult cu_graph_update_child(CUgraphExec exec, CUgraphNode n, CUgraph child)
{
	CUgraphNode own = cu_exec_node(exec, n);
	CUgraphExecUpdateResultInfo info;
	CUresult r;

	if (!own || own->type != CU_GRAPH_NODE_GRAPH)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&exec->lock);
	r = update(exec, own->p.child, child, &info);
	pthread_mutex_unlock(&exec->lock);
	return r ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
