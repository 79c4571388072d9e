// SPDX-License-Identifier: MIT
/* Graphs as a structure: nodes, edges, clones, order. */
#include <stdlib.h>
#include <string.h>
#include "graph.h"

static uint64_t next_id = 1;

static uint64_t new_id(void)
{
	return __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
}

CUresult cu_graph_get(CUgraph g)
{
	CUresult r = cu_ready();

	return r ? r : cu_is(g, CU_GRAPH) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cu_graph_node_get(CUgraphNode n)
{
	CUresult r = cu_ready();

	return r ? r : cu_is(n, CU_GRAPH_NODE) && n->graph ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUgraph cu_graph_new(void)
{
	CUgraph g = cu_object_new(CU_GRAPH, sizeof(*g));

	if (g)
		g->id = new_id();
	return g;
}

CUgraphNode cu_graph_node_new(enum cu_node_type type)
{
	CUgraphNode n = cu_object_new(CU_GRAPH_NODE, sizeof(*n));

	if (!n)
		return NULL;
	n->type = type;
	n->id = new_id();
	return n;
}

void cu_graph_node_free(CUgraphNode n)
{
	cu_node_params_free(n->type, &n->p);
	free(n->in.list);
	free(n->out.list);
	free(n->code);
	cu_object_free(n);
}

/* ---- edges */

bool cu_edges_add(struct cu_edges *e, CUgraphNode node, CUgraphEdgeData data)
{
	if (e->count == e->room) {
		size_t room = e->room ? 2 * e->room : 4;
		struct cu_edge *list = realloc(e->list, room * sizeof(*list));

		if (!list)
			return false;
		e->list = list;
		e->room = room;
	}
	e->list[e->count++] = (struct cu_edge){ node, data };
	return true;
}

struct cu_edge *cu_edges_find(const struct cu_edges *e, CUgraphNode node, const CUgraphEdgeData *data)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->list[i].node == node && (!data || !memcmp(&e->list[i].data, data, sizeof(*data))))
			return &e->list[i];
	return NULL;
}

static bool edges_remove(struct cu_edges *e, CUgraphNode node, const CUgraphEdgeData *data)
{
	struct cu_edge *found = cu_edges_find(e, node, data);

	if (!found)
		return false;
	e->count--;
	memmove(found, found + 1, (e->list + e->count - found) * sizeof(*found));
	return true;
}

CUresult cu_graph_connect(CUgraphNode from, CUgraphNode to, CUgraphEdgeData data)
{
	if (from == to || cu_edges_find(&to->in, from, &data))
		return CUDA_ERROR_INVALID_VALUE;
	if (!cu_edges_add(&to->in, from, data))
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (cu_edges_add(&from->out, to, data))
		return CUDA_SUCCESS;
	to->in.count--;
	return CUDA_ERROR_OUT_OF_MEMORY;
}

bool cu_graph_disconnect(CUgraphNode from, CUgraphNode to, const CUgraphEdgeData *data)
{
	return edges_remove(&to->in, from, data) && edges_remove(&from->out, to, data);
}

/* ---- nodes of a graph */

static bool is_memory(const struct CUgraphNode_st *n)
{
	return n->type == CU_GRAPH_NODE_MEM_ALLOC || n->type == CU_GRAPH_NODE_MEM_FREE;
}

/* The one that a graph is in at last; only this can be moved, and not into itself. */
static CUgraph outermost(CUgraph g)
{
	while (g->owner)
		g = g->owner->graph;
	return g;
}

CUresult cu_graph_insert(CUgraph g, CUgraphNode n, const struct cu_edge *in, size_t count)
{
	CUresult r = n->p.moved && n->p.child == outermost(g) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	size_t i;

	for (i = 0; i < count && !r; i++)
		r = cu_graph_connect(in[i].node, n, in[i].data);
	if (r) {
		while (n->in.count)
			cu_graph_disconnect(n->in.list[0].node, n, &n->in.list[0].data);
		return r;
	}
	n->graph = g;
	n->prev = g->last;
	if (g->last)
		g->last->next = n;
	else
		g->first = n;
	g->last = n;
	g->count++;
	g->memory += is_memory(n) || (n->type == CU_GRAPH_NODE_GRAPH && n->p.child->memory);
	if (n->type == CU_GRAPH_NODE_GRAPH)
		n->p.child->owner = n;
	n->p.moved = false;
	return CUDA_SUCCESS;
}

void cu_graph_remove(CUgraphNode n)
{
	CUgraph g = n->graph;

	while (n->in.count)
		cu_graph_disconnect(n->in.list[0].node, n, &n->in.list[0].data);
	while (n->out.count)
		cu_graph_disconnect(n, n->out.list[0].node, &n->out.list[0].data);
	*(n->prev ? &n->prev->next : &g->first) = n->next;
	*(n->next ? &n->next->prev : &g->last) = n->prev;
	g->count--;
	cu_graph_node_free(n);
}

/* Graphs in graphs may be of any depth: they wait in a list. */
void cu_graph_free(CUgraph g)
{
	CUgraph list = g;

	g->next_free = NULL;
	while (list) {
		g = list;
		list = g->next_free;
		while (g->first) {
			CUgraphNode n = g->first;

			g->first = n->next;
			if (n->type == CU_GRAPH_NODE_GRAPH && n->p.child && !n->p.moved) {
				n->p.child->next_free = list;
				list = n->p.child;
				n->p.child = NULL;
			}
			cu_graph_node_free(n);
		}
		cu_objects_release(g);
		cu_object_free(g);
	}
}

CUgraphNode cu_graph_walk(CUgraph root, CUgraphNode n)
{
	if (n->type == CU_GRAPH_NODE_GRAPH && n->p.child->first)
		return n->p.child->first;
	while (!n->next && n->graph != root)
		n = n->graph->owner;
	return n->next;
}

/* ---- order */

/* The order is the queue of those whose dependencies are all in it. */
bool cu_graph_sort(CUgraph g, CUgraphNode *order)
{
	size_t count = 0;

	for (CUgraphNode n = g->first; n; n = n->next) {
		n->mark = n->in.count;
		if (!n->mark)
			order[count++] = n;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < order[i]->out.count; k++)
			if (!--order[i]->out.list[k].node->mark)
				order[count++] = order[i]->out.list[k].node;
	return count == g->count;
}

/* ---- clones */

/* A child graph is made empty. */
static CUresult clone_node(CUgraph to, const struct CUgraphNode_st *n, CUgraphNode *out)
{
	CUgraphNode c = cu_graph_node_new(n->type);
	CUresult r = CUDA_SUCCESS;

	if (!c)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (n->type != CU_GRAPH_NODE_GRAPH) {
		r = cu_node_params_copy(n->type, &c->p, &n->p);
	} else {
		c->p.ctx = n->p.ctx;
		c->p.child = cu_graph_new();
		if (!c->p.child)
			r = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (!r)
		r = cu_graph_insert(to, c, NULL, 0);
	if (r) {
		cu_graph_node_free(c);
		return r;
	}
	c->origin = n->id;
	c->disabled = n->disabled;
	*out = c;
	return CUDA_SUCCESS;
}

/* One level: nodes, each the other's pair, and edges. */
static CUresult clone_level(CUgraph to, CUgraph g)
{
	CUresult r = CUDA_SUCCESS;

	to->origin = g->id;
	for (CUgraphNode n = g->first; n && !r; n = n->next)
		r = clone_node(to, n, &n->pair);
	/* Edges in the order they have at their ends: updates pair nodes by it. */
	for (CUgraphNode n = g->first; n && !r; n = n->next) {
		for (size_t i = 0; i < n->in.count && !r; i++)
			if (!cu_edges_add(&n->pair->in, n->in.list[i].node->pair, n->in.list[i].data))
				r = CUDA_ERROR_OUT_OF_MEMORY;
		for (size_t i = 0; i < n->out.count && !r; i++)
			if (!cu_edges_add(&n->pair->out, n->out.list[i].node->pair, n->out.list[i].data))
				r = CUDA_ERROR_OUT_OF_MEMORY;
	}
	to->memory = g->memory;
	return r ? r : cu_objects_copy(to, g);
}

CUresult cu_graph_clone(CUgraph g, CUgraph *out)
{
	CUgraph to = cu_graph_new();
	CUresult r;

	if (!to)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = clone_level(to, g);
	for (CUgraphNode n = g->first; n && !r; n = cu_graph_walk(g, n))
		if (n->type == CU_GRAPH_NODE_GRAPH)
			r = clone_level(n->pair->p.child, n->p.child);
	if (r)
		cu_graph_free(to);
	else
		*out = to;
	return r;
}
