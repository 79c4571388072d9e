// SPDX-License-Identifier: MIT
/* cuGraph*: graphs, their edges, what is in them. */
#include <stdlib.h>
#include <string.h>
#include "graph.h"
#include "graph_api.h"

static const CUgraphEdgeData plain;

CUDA_API(cuGraphCreate, CU_ARGS(CUgraph *graph, unsigned int flags), CU_ARGS(graph, flags))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!graph || flags)
		return CUDA_ERROR_INVALID_VALUE;
	*graph = cu_graph_new();
	return *graph ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUDA_API(cuGraphDestroy, CU_ARGS(CUgraph graph), CU_ARGS(graph))
{
	CUresult r = cu_graph_get(graph);

	if (!r && (graph->owner || graph->capturing))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r && !cu_claim(graph))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		cu_graph_free(graph);
	return r;
}

CUDA_API(cuGraphClone, CU_ARGS(CUgraph *clone, CUgraph graph), CU_ARGS(clone, graph))
{
	CUresult r = cu_graph_get(graph);

	if (!r && (!clone || graph->memory))
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_graph_clone(graph, clone);
}

CUDA_API(cuGraphNodeFindInClone, CU_ARGS(CUgraphNode *node, CUgraphNode original, CUgraph clone),
	 CU_ARGS(node, original, clone))
{
	CUresult r = cu_graph_node_get(original);

	if (!r)
		r = cu_graph_get(clone);
	if (!r && (!node || clone->origin != original->graph->id))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	for (CUgraphNode n = clone->first; n; n = n->next) {
		if (n->origin == original->id) {
			*node = n;
			return CUDA_SUCCESS;
		}
	}
	return CUDA_ERROR_INVALID_VALUE;
}

CUDA_API(cuGraphDestroyNode, CU_ARGS(CUgraphNode node), CU_ARGS(node))
{
	CUresult r = cu_graph_node_get(node);

	if (!r && node->graph->memory)
		r = CUDA_ERROR_NOT_SUPPORTED;
	if (!r && node->graph->capturing)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		cu_graph_remove(node);
	return r;
}

/* ---- lists: with no room given only their length is told */

struct lister {
	CUgraphNode *nodes;
	size_t room, count;
};

static void list_node(struct lister *l, CUgraphNode n)
{
	if (l->nodes && l->count < l->room)
		l->nodes[l->count] = n;
	l->count++;
}

static CUresult list_nodes(CUgraph graph, CUgraphNode *nodes, size_t *count, bool roots)
{
	struct lister l = { nodes, count && nodes ? *count : 0, 0 };
	CUresult r = cu_graph_get(graph);

	if (!r && !count)
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	for (CUgraphNode n = graph->first; n; n = n->next)
		if (!roots || !n->in.count)
			list_node(&l, n);
	/* What room there is beyond them is emptied. */
	for (size_t i = l.count; nodes && i < l.room; i++)
		nodes[i] = NULL;
	*count = nodes && l.room < l.count ? l.room : l.count;
	return CUDA_SUCCESS;
}

CUDA_API(cuGraphGetNodes, CU_ARGS(CUgraph graph, CUgraphNode *nodes, size_t *count), CU_ARGS(graph, nodes, count))
{
	return list_nodes(graph, nodes, count, false);
}

CUDA_API(cuGraphGetRootNodes, CU_ARGS(CUgraph graph, CUgraphNode *nodes, size_t *count), CU_ARGS(graph, nodes, count))
{
	return list_nodes(graph, nodes, count, true);
}

/* Edges with data can only be told to who asks for the data. */
static CUresult list_edges(const struct cu_edges *e, CUgraphNode *nodes, CUgraphEdgeData *data, bool lossy,
			   size_t *count)
{
	size_t room = count && nodes ? *count : 0;

	if (!count || (data && !nodes))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < room; i++) {
		if (i < e->count && lossy && !data && memcmp(&e->list[i].data, &plain, sizeof(plain)))
			return CUDA_ERROR_LOSSY_QUERY;
		nodes[i] = i < e->count ? e->list[i].node : NULL;
		if (data)
			data[i] = i < e->count ? e->list[i].data : plain;
	}
	*count = nodes && room < e->count ? room : e->count;
	return CUDA_SUCCESS;
}

#define LIST(name, which)                                                                                         \
	CUDA_API(name, CU_ARGS(CUgraphNode node, CUgraphNode *nodes, size_t *count), CU_ARGS(node, nodes, count)) \
	{                                                                                                         \
		CUresult r = cu_graph_node_get(node);                                                             \
                                                                                                                  \
		return r ? r : list_edges(&node->which, nodes, NULL, true, count);                                \
	}                                                                                                         \
	CUDA_API(name##_v2, CU_ARGS(CUgraphNode node, CUgraphNode *nodes, CUgraphEdgeData *data, size_t *count),  \
		 CU_ARGS(node, nodes, data, count))                                                               \
	{                                                                                                         \
		CUresult r = cu_graph_node_get(node);                                                             \
                                                                                                                  \
		return r ? r : list_edges(&node->which, nodes, data, true, count);                                \
	}

LIST(cuGraphNodeGetDependencies, in)
LIST(cuGraphNodeGetDependentNodes, out)

static CUresult all_edges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data, size_t *count)
{
	CUresult r = cu_graph_get(graph);
	size_t n = 0, room;

	if (!r && (!count || !from != !to || (data && !from)))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	room = from ? *count : 0;
	for (CUgraphNode node = graph->first; node; node = node->next) {
		for (size_t i = 0; i < node->out.count; i++, n++) {
			if (n >= room)
				continue;
			if (!data && memcmp(&node->out.list[i].data, &plain, sizeof(plain)))
				return CUDA_ERROR_LOSSY_QUERY;
			from[n] = node;
			to[n] = node->out.list[i].node;
			if (data)
				data[n] = node->out.list[i].data;
		}
	}
	for (size_t i = n; i < room; i++)
		from[i] = to[i] = NULL;
	*count = from && room < n ? room : n;
	return CUDA_SUCCESS;
}

CUDA_API(cuGraphGetEdges, CU_ARGS(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count),
	 CU_ARGS(graph, from, to, count))
{
	return all_edges(graph, from, to, NULL, count);
}

CUDA_API(cuGraphGetEdges_v2,
	 CU_ARGS(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data, size_t *count),
	 CU_ARGS(graph, from, to, data, count))
{
	return all_edges(graph, from, to, data, count);
}

/* ---- edges */

/* Ports and types other than the plain one are for kernels that start before their input is complete. */
CUresult cu_edge_check(CUgraphNode from, CUgraphNode to, const CUgraphEdgeData *data)
{
	static const unsigned char none[sizeof(data->reserved)];

	if (data->to_port || data->type > CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC || data->from_port > 2 ||
	    memcmp(data->reserved, none, sizeof(none)))
		return CUDA_ERROR_INVALID_VALUE;
	if (data->type == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC &&
	    (!data->from_port || from->type != CU_GRAPH_NODE_KERNEL || to->type != CU_GRAPH_NODE_KERNEL))
		return CUDA_ERROR_INVALID_VALUE;
	return data->from_port && from->type != CU_GRAPH_NODE_KERNEL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/* Undo the first edges of a call that fails further on. */
static void disconnect_all(const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t count)
{
	while (count--)
		cu_graph_disconnect(from[count], to[count], data ? &data[count] : &plain);
}

static CUresult check_edges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count)
{
	CUresult r = cu_graph_get(graph);

	if (!r && count && (!from || !to))
		r = CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && !r; i++)
		if (cu_graph_node_get(from[i]) || cu_graph_node_get(to[i]) || from[i]->graph != graph ||
		    to[i]->graph != graph)
			r = CUDA_ERROR_INVALID_VALUE;
	return r;
}

static CUresult add_edges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data,
			  size_t count)
{
	CUresult r = check_edges(graph, from, to, count);

	for (size_t i = 0; i < count && !r; i++) {
		r = data ? cu_edge_check(from[i], to[i], &data[i]) : CUDA_SUCCESS;
		if (!r)
			r = cu_graph_connect(from[i], to[i], data ? data[i] : plain);
		if (r)
			disconnect_all(from, to, data, i);
	}
	return r;
}

CUDA_API(cuGraphAddDependencies, CU_ARGS(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count),
	 CU_ARGS(graph, from, to, count))
{
	return add_edges(graph, from, to, NULL, count);
}

CUDA_API(cuGraphAddDependencies_v2,
	 CU_ARGS(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data,
		 size_t count),
	 CU_ARGS(graph, from, to, data, count))
{
	return add_edges(graph, from, to, data, count);
}

static CUresult remove_edges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data,
			     size_t count)
{
	CUresult r = check_edges(graph, from, to, count);

	if (!r && graph->memory)
		r = CUDA_ERROR_NOT_SUPPORTED;
	for (size_t i = 0; i < count && !r; i++)
		if (!cu_edges_find(&to[i]->in, from[i], data ? &data[i] : &plain))
			r = CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && !r; i++)
		cu_graph_disconnect(from[i], to[i], data ? &data[i] : &plain);
	return r;
}

CUDA_API(cuGraphRemoveDependencies,
	 CU_ARGS(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count),
	 CU_ARGS(graph, from, to, count))
{
	return remove_edges(graph, from, to, NULL, count);
}

CUDA_API(cuGraphRemoveDependencies_v2,
	 CU_ARGS(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data,
		 size_t count),
	 CU_ARGS(graph, from, to, data, count))
{
	return remove_edges(graph, from, to, data, count);
}

CUDA_API(cuGraphNodeGetType, CU_ARGS(CUgraphNode node, int *type), CU_ARGS(node, type))
{
	CUresult r = cu_graph_node_get(node);

	if (!r && !type)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*type = node->type;
	return r;
}
