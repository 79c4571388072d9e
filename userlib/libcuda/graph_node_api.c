// SPDX-License-Identifier: MIT
/* cuGraphAdd*Node, and the parameters of nodes. */
#include <stdlib.h>
#include <string.h>
#include "graph.h"
#include "graph_api.h"

/* A new node after those it depends on; takes the parameters over in any case. */
static CUresult add(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps, const CUgraphEdgeData *data, size_t count,
		    enum cu_node_type type, struct cu_node_params *p)
{
	CUgraphNode n = cu_graph_node_new(type);
	struct cu_edge *in = calloc(count + 1, sizeof(*in));
	CUresult r = n && in ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;

	if (n)
		n->p = *p;
	else
		cu_node_params_free(type, p);
	for (size_t i = 0; i < count && !r; i++) {
		in[i].node = deps[i];
		if (cu_graph_node_get(deps[i]) || deps[i]->graph != graph)
			r = CUDA_ERROR_INVALID_VALUE;
		else if (data)
			r = cu_edge_check(deps[i], n, &data[i]);
		if (!r && data)
			in[i].data = data[i];
	}
	if (!r)
		r = cu_graph_insert(graph, n, in, count);
	free(in);
	if (!r)
		*out = n;
	else if (n)
		cu_graph_node_free(n);
	return r;
}

static CUresult may_add(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps, size_t count)
{
	CUresult r = cu_graph_get(graph);

	return r ? r : !out || (count && !deps) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

#define NODE_ARGS CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count

/* from: a statement that fills p and gives a result. */
#define ADD_NODE(name, type, params, args, from)                                            \
	CUDA_API(name, CU_ARGS(NODE_ARGS, params), CU_ARGS(node, graph, deps, count, args)) \
	{                                                                                   \
		struct cu_node_params p;                                                    \
		CUresult r = may_add(node, graph, deps, count);                             \
                                                                                            \
		if (!r)                                                                     \
			r = from;                                                           \
		return r ? r : add(node, graph, deps, NULL, count, type, &p);               \
	}

ADD_NODE(cuGraphAddKernelNode, CU_GRAPH_NODE_KERNEL, CU_ARGS(const CUDA_KERNEL_NODE_PARAMS *params), params,
	 cu_node_kernel_from(&p, params, false))
ADD_NODE(cuGraphAddKernelNode_v2, CU_GRAPH_NODE_KERNEL, CU_ARGS(const CUDA_KERNEL_NODE_PARAMS *params), params,
	 cu_node_kernel_from(&p, params, true))
ADD_NODE(cuGraphAddMemcpyNode, CU_GRAPH_NODE_MEMCPY, CU_ARGS(const CUDA_MEMCPY3D *params, CUcontext ctx),
	 CU_ARGS(params, ctx), cu_node_copy_from(&p, params, ctx))
ADD_NODE(cuGraphAddMemsetNode, CU_GRAPH_NODE_MEMSET, CU_ARGS(const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx),
	 CU_ARGS(params, ctx), cu_node_fill_from(&p, params, ctx))
ADD_NODE(cuGraphAddHostNode, CU_GRAPH_NODE_HOST, CU_ARGS(const CUDA_HOST_NODE_PARAMS *params), params,
	 cu_node_host_from(&p, params))
ADD_NODE(cuGraphAddEventRecordNode, CU_GRAPH_NODE_EVENT_RECORD, CU_ARGS(CUevent event), event,
	 cu_node_event_from(&p, event))
ADD_NODE(cuGraphAddEventWaitNode, CU_GRAPH_NODE_WAIT_EVENT, CU_ARGS(CUevent event), event,
	 cu_node_event_from(&p, event))
ADD_NODE(cuGraphAddBatchMemOpNode, CU_GRAPH_NODE_BATCH_MEM_OP, CU_ARGS(const CUDA_BATCH_MEM_OP_NODE_PARAMS *params),
	 params, params ? cu_node_ops_from(&p, params) : CUDA_ERROR_INVALID_VALUE)

/* Parameters in the general form, where there is no shorter one. */
static CUresult add_general(NODE_ARGS, const CUgraphEdgeData *data, CUgraphNodeParams *params)
{
	enum cu_node_type type;
	struct cu_node_params p;
	CUresult r = may_add(node, graph, deps, count);

	if (!r && (!params || params->type < 0 || params->type >= CU_GRAPH_NODE_TYPES))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	type = params->type;
	r = cu_node_params_from(type, &p, params);
	if (!r)
		r = add(node, graph, deps, data, count, type, &p);
	if (!r && type == CU_GRAPH_NODE_GRAPH)
		params->graph.graph = (*node)->p.child;
	return r;
}

CUDA_API(cuGraphAddEmptyNode, CU_ARGS(NODE_ARGS), CU_ARGS(node, graph, deps, count))
{
	return add_general(node, graph, deps, count, NULL, &(CUgraphNodeParams){ .type = CU_GRAPH_NODE_EMPTY });
}

CUDA_API(cuGraphAddChildGraphNode, CU_ARGS(NODE_ARGS, CUgraph child), CU_ARGS(node, graph, deps, count, child))
{
	CUgraphNodeParams params = { .type = CU_GRAPH_NODE_GRAPH, .graph = { .graph = child } };

	return add_general(node, graph, deps, count, NULL, &params);
}

CUDA_API(cuGraphAddMemAllocNode, CU_ARGS(NODE_ARGS, CUDA_MEM_ALLOC_NODE_PARAMS *alloc),
	 CU_ARGS(node, graph, deps, count, alloc))
{
	CUgraphNodeParams params = { .type = CU_GRAPH_NODE_MEM_ALLOC };
	CUresult r;

	if (!alloc)
		return CUDA_ERROR_INVALID_VALUE;
	params.alloc = *alloc;
	r = add_general(node, graph, deps, count, NULL, &params);
	if (!r)
		alloc->dptr = params.alloc.dptr;
	return r;
}

CUDA_API(cuGraphAddMemFreeNode, CU_ARGS(NODE_ARGS, CUdeviceptr address), CU_ARGS(node, graph, deps, count, address))
{
	CUgraphNodeParams params = { .type = CU_GRAPH_NODE_MEM_FREE, .free = address };

	return add_general(node, graph, deps, count, NULL, &params);
}

CUDA_API(cuGraphAddNode, CU_ARGS(NODE_ARGS, CUgraphNodeParams *params), CU_ARGS(node, graph, deps, count, params))
{
	return add_general(node, graph, deps, count, NULL, params);
}

CUDA_API(cuGraphAddNode_v2,
	 CU_ARGS(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, const CUgraphEdgeData *data, size_t count,
		 CUgraphNodeParams *params),
	 CU_ARGS(node, graph, deps, data, count, params))
{
	return add_general(node, graph, deps, count, data, params);
}

/* ---- parameters */

/* A node of that type, and somewhere to put the answer. */
static CUresult get(CUgraphNode n, enum cu_node_type type, const void *out)
{
	CUresult r = cu_graph_node_get(n);

	return r ? r : n->type != type || !out ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/* Nodes of a graph that is captured into are set, too: captures only add. */
static CUresult set(CUgraphNode n, enum cu_node_type type, struct cu_node_params *p)
{
	CUresult r = get(n, type, p);

	if (r) {
		cu_node_params_free(type, p);
		return r;
	}
	cu_node_params_free(type, &n->p);
	n->p = *p;
	return CUDA_SUCCESS;
}

/* A pair of calls: to: statements that write the answer from node->p; from: as above. */
#define NODE_PARAMS(get_name, set_name, type, out, in, to, from)                         \
	CUDA_API(get_name, CU_ARGS(CUgraphNode node, out params), CU_ARGS(node, params)) \
	{                                                                                \
		CUresult r = get(node, type, params);                                    \
                                                                                         \
		if (!r)                                                                  \
			to;                                                              \
		return r;                                                                \
	}                                                                                \
	CUDA_API(set_name, CU_ARGS(CUgraphNode node, in params), CU_ARGS(node, params))  \
	{                                                                                \
		struct cu_node_params p;                                                 \
		CUresult r = get(node, type, &p);                                        \
                                                                                         \
		if (!r)                                                                  \
			r = from;                                                        \
		return r ? r : set(node, type, &p);                                      \
	}

NODE_PARAMS(cuGraphKernelNodeGetParams, cuGraphKernelNodeSetParams, CU_GRAPH_NODE_KERNEL, CUDA_KERNEL_NODE_PARAMS *,
	    const CUDA_KERNEL_NODE_PARAMS *, cu_node_kernel_to(node, params, false),
	    cu_node_kernel_replace(node, &p, params, false))
NODE_PARAMS(cuGraphKernelNodeGetParams_v2, cuGraphKernelNodeSetParams_v2, CU_GRAPH_NODE_KERNEL,
	    CUDA_KERNEL_NODE_PARAMS *, const CUDA_KERNEL_NODE_PARAMS *, cu_node_kernel_to(node, params, true),
	    cu_node_kernel_replace(node, &p, params, true))
NODE_PARAMS(cuGraphMemcpyNodeGetParams, cuGraphMemcpyNodeSetParams, CU_GRAPH_NODE_MEMCPY, CUDA_MEMCPY3D *,
	    const CUDA_MEMCPY3D *, *params = node->p.copy, cu_node_copy_from(&p, params, node->p.ctx))
NODE_PARAMS(cuGraphMemsetNodeGetParams, cuGraphMemsetNodeSetParams, CU_GRAPH_NODE_MEMSET, CUDA_MEMSET_NODE_PARAMS *,
	    const CUDA_MEMSET_NODE_PARAMS *, memcpy(params, &node->p.fill, offsetof(CUDA_MEMSET_NODE_PARAMS, ctx)),
	    cu_node_fill_from(&p, params, node->p.ctx))
NODE_PARAMS(cuGraphHostNodeGetParams, cuGraphHostNodeSetParams, CU_GRAPH_NODE_HOST, CUDA_HOST_NODE_PARAMS *,
	    const CUDA_HOST_NODE_PARAMS *, *params = node->p.host, cu_node_host_from(&p, params))
NODE_PARAMS(cuGraphEventRecordNodeGetEvent, cuGraphEventRecordNodeSetEvent, CU_GRAPH_NODE_EVENT_RECORD, CUevent *,
	    CUevent, *params = node->p.event, cu_node_event_from(&p, params))
NODE_PARAMS(cuGraphEventWaitNodeGetEvent, cuGraphEventWaitNodeSetEvent, CU_GRAPH_NODE_WAIT_EVENT, CUevent *, CUevent,
	    *params = node->p.event, cu_node_event_from(&p, params))
NODE_PARAMS(cuGraphBatchMemOpNodeGetParams, cuGraphBatchMemOpNodeSetParams, CU_GRAPH_NODE_BATCH_MEM_OP,
	    CUDA_BATCH_MEM_OP_NODE_PARAMS *, const CUDA_BATCH_MEM_OP_NODE_PARAMS *,
	    *params = ((CUDA_BATCH_MEM_OP_NODE_PARAMS){ node->p.ctx, node->p.nops, node->p.ops, 0 }),
	    params ? cu_node_ops_from(&p, params) : CUDA_ERROR_INVALID_VALUE)

CUDA_API(cuGraphNodeSetParams, CU_ARGS(CUgraphNode node, CUgraphNodeParams *params), CU_ARGS(node, params))
{
	struct cu_node_params p;
	CUresult r = cu_graph_node_get(node);

	if (!r && (!params || params->type != (int)node->type || node->type == CU_GRAPH_NODE_GRAPH ||
		   node->type == CU_GRAPH_NODE_MEM_ALLOC || node->type == CU_GRAPH_NODE_MEM_FREE))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	r = node->type == CU_GRAPH_NODE_KERNEL ? cu_node_kernel_replace(node, &p, &params->kernel, true) :
						 cu_node_params_from(node->type, &p, params);
	return r ? r : set(node, node->type, &p);
}

CUDA_API(cuGraphChildGraphNodeGetGraph, CU_ARGS(CUgraphNode node, CUgraph *graph), CU_ARGS(node, graph))
{
	CUresult r = get(node, CU_GRAPH_NODE_GRAPH, graph);

	if (!r)
		*graph = node->p.child;
	return r;
}

CUDA_API(cuGraphMemAllocNodeGetParams, CU_ARGS(CUgraphNode node, CUDA_MEM_ALLOC_NODE_PARAMS *params),
	 CU_ARGS(node, params))
{
	CUresult r = get(node, CU_GRAPH_NODE_MEM_ALLOC, params);

	if (r)
		return r;
	*params = (CUDA_MEM_ALLOC_NODE_PARAMS){
		.poolProps = {
			.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
			.location = { CU_MEM_LOCATION_TYPE_DEVICE, node->p.ctx->dev->ordinal },
		},
		.bytesize = cu_graph_mem_size(node->p.mem),
		.dptr = cu_graph_mem_address(node->p.mem),
	};
	return CUDA_SUCCESS;
}

CUDA_API(cuGraphMemFreeNodeGetParams, CU_ARGS(CUgraphNode node, CUdeviceptr *address), CU_ARGS(node, address))
{
	CUresult r = get(node, CU_GRAPH_NODE_MEM_FREE, address);

	if (!r)
		*address = node->p.address;
	return r;
}

/* ---- attributes of kernel nodes */

CUDA_API(cuGraphKernelNodeSetAttribute, CU_ARGS(CUgraphNode node, int id, const CUlaunchAttributeValue *value),
	 CU_ARGS(node, id, value))
{
	CUresult r = get(node, CU_GRAPH_NODE_KERNEL, value);

	return r ? r : cu_node_kernel_attribute(&node->p.kernel, id, value);
}

/* An attribute that was never set is zero, but a cluster, which is one block, and a captured launch's priority. */
CUDA_API(cuGraphKernelNodeGetAttribute, CU_ARGS(CUgraphNode node, int id, CUlaunchAttributeValue *value),
	 CU_ARGS(node, id, value))
{
	CUresult r = get(node, CU_GRAPH_NODE_KERNEL, value);
	const struct cu_node_kernel *k;

	if (!r && (id <= CU_LAUNCH_ATTRIBUTE_IGNORE || id > CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	k = &node->p.kernel;
	memset(value, 0, sizeof(*value));
	if (id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
		value->cooperative = k->shape.cooperative;
	else if (id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
		value->priority = k->shape.priority;
	else if (id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
		value->cluster.x = value->cluster.y = value->cluster.z = 1;
	for (unsigned int i = 0; i < k->nattrs; i++)
		if ((int)k->attrs[i].id == id)
			*value = k->attrs[i].value;
	return CUDA_SUCCESS;
}

CUDA_API(cuGraphKernelNodeCopyAttributes, CU_ARGS(CUgraphNode to, CUgraphNode from), CU_ARGS(to, from))
{
	CUresult r = get(to, CU_GRAPH_NODE_KERNEL, to);

	if (!r)
		r = get(from, CU_GRAPH_NODE_KERNEL, from);
	if (r || to == from)
		return r;
	to->p.kernel.nattrs = 0;
	to->p.kernel.shape.cooperative = from->p.kernel.shape.cooperative;
	to->p.kernel.shape.priority = from->p.kernel.shape.priority;
	for (unsigned int i = 0; i < from->p.kernel.nattrs && !r; i++)
		r = cu_node_kernel_attribute(&to->p.kernel, from->p.kernel.attrs[i].id, &from->p.kernel.attrs[i].value);
	return r;
}
