// SPDX-License-Identifier: MIT
/* cuGraphInstantiate, cuGraphLaunch, cuGraphExec*. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "graph_exec.h"
#include "graph_update.h"

enum {
	FLAGS = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
		CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY,
};

static CUresult instantiate(CUgraphExec *exec, CUgraph graph, uint64_t flags, CUgraphNode *culprit)
{
	CUresult r = cu_ready_in_health();

	*culprit = NULL;
	if (!r)
		r = cu_graph_get(graph);
	if (!r && (!exec || (flags & ~(uint64_t)FLAGS)))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r && (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH))
		r = cu_refuse("graphs launched by the device");
	return r ? r : cu_exec_new(graph, flags, exec, culprit);
}

static CUresult instantiate_logged(CUgraphExec *exec, CUgraph graph, CUgraphNode *node, char *log, size_t size)
{
	CUgraphNode culprit;
	CUresult r = instantiate(exec, graph, 0, &culprit);

	if (node)
		*node = culprit;
	if (log && size)
		log[0] = 0;
	return r;
}

CUDA_API(cuGraphInstantiate, CU_ARGS(CUgraphExec *exec, CUgraph graph, CUgraphNode *node, char *log, size_t size),
	 CU_ARGS(exec, graph, node, log, size))
{
	return instantiate_logged(exec, graph, node, log, size);
}

CUDA_API(cuGraphInstantiate_v2, CU_ARGS(CUgraphExec *exec, CUgraph graph, CUgraphNode *node, char *log, size_t size),
	 CU_ARGS(exec, graph, node, log, size))
{
	return instantiate_logged(exec, graph, node, log, size);
}

CUDA_API(cuGraphInstantiateWithFlags, CU_ARGS(CUgraphExec *exec, CUgraph graph, unsigned long long flags),
	 CU_ARGS(exec, graph, flags))
{
	CUgraphNode culprit;

	if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD)
		return CUDA_ERROR_INVALID_VALUE;
	return instantiate(exec, graph, flags, &culprit);
}

static CUresult with_params(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *p)
{
	CUresult r;

	if (!p)
		return CUDA_ERROR_INVALID_VALUE;
	r = instantiate(exec, graph, p->flags, &p->hErrNode_out);
	p->result_out = !r                                               ? CUDA_GRAPH_INSTANTIATE_SUCCESS :
			r == CUDA_ERROR_INVALID_VALUE && p->hErrNode_out ? CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE :
									   CUDA_GRAPH_INSTANTIATE_ERROR;
	return r;
}

CU_EXPORT CUresult cuGraphInstantiateWithParams_ptsz(CUgraphExec *exec, CUgraph graph,
						     CUDA_GRAPH_INSTANTIATE_PARAMS *params);

CUDA_API(cuGraphInstantiateWithParams, CU_ARGS(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params),
	 CU_ARGS(exec, graph, params))
{
	return with_params(exec, graph, params);
}

CUresult cuGraphInstantiateWithParams_ptsz(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params)
{
	return CU_CALL("cuGraphInstantiateWithParams_ptsz", with_params(exec, graph, params));
}

CUDA_API(cuGraphExecGetFlags, CU_ARGS(CUgraphExec exec, cuuint64_t *flags), CU_ARGS(exec, flags))
{
	CUresult r = cu_exec_get(exec);

	if (!r && !flags)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*flags = exec->flags & ~(uint64_t)CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
	return r;
}

CUDA_API(cuGraphExecDestroy, CU_ARGS(CUgraphExec exec), CU_ARGS(exec))
{
	CUresult r = cu_exec_get(exec);

	if (r && r != CUDA_ERROR_CONTEXT_IS_DESTROYED)
		return r;
	if (!cu_claim(exec))
		return CUDA_ERROR_INVALID_VALUE;
	cu_exec_free(exec);
	return CUDA_SUCCESS;
}

/* In a capture a launch is a child graph: a copy of what the executable graph is now. */
static CUresult capture(CUgraphExec exec, CUstream s)
{
	struct cu_node_params p = { 0 };
	CUresult r;

	if (exec->graph->memory)
		return cu_refuse("capturing the launch of a graph that allocates memory");
	pthread_mutex_lock(&exec->lock);
	r = cu_graph_clone(exec->graph, &p.child);
	pthread_mutex_unlock(&exec->lock);
	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_GRAPH, &p, NULL);
}

CUDA_API_STREAM(cuGraphLaunch, CU_ARGS(CUgraphExec exec, CUstream stream), CU_ARGS(exec, stream))
{
	CUstream s;
	CUresult r = cu_exec_get(exec);

	if (!r && cu_capture_of(stream, &s))
		return capture(exec, s);
	return r ? r : cu_graph_launch(exec, stream);
}

/* Everything was translated when the graph was instantiated: nothing is left to upload. */
CUDA_API_STREAM(cuGraphUpload, CU_ARGS(CUgraphExec exec, CUstream stream), CU_ARGS(exec, stream))
{
	CUstream s;
	CUresult r = cu_exec_get(exec);

	if (!r)
		r = cu_stream_get(stream, &s);
	return r ? r : cu_capture_barred(s);
}

/* ---- changes */

CUDA_API(cuGraphExecUpdate, CU_ARGS(CUgraphExec exec, CUgraph graph, CUgraphNode *node, int *result),
	 CU_ARGS(exec, graph, node, result))
{
	CUgraphExecUpdateResultInfo info = { .result = CU_GRAPH_EXEC_UPDATE_ERROR };
	CUresult r = cu_exec_get(exec);

	if (!r)
		r = cu_graph_get(graph);
	if (!r)
		r = cu_graph_update(exec, graph, &info);
	if (node)
		*node = info.errorNode;
	if (result)
		*result = info.result;
	return r;
}

CUDA_API(cuGraphExecUpdate_v2, CU_ARGS(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *result),
	 CU_ARGS(exec, graph, result))
{
	CUgraphExecUpdateResultInfo info = { .result = CU_GRAPH_EXEC_UPDATE_ERROR };
	CUresult r = cu_exec_get(exec);

	if (!r)
		r = cu_graph_get(graph);
	if (!r)
		r = cu_graph_update(exec, graph, &info);
	if (result)
		*result = info;
	return r;
}

static CUresult get(CUgraphExec exec, CUgraphNode node)
{
	CUresult r = cu_exec_get(exec);

	return r ? r : cu_graph_node_get(node);
}

/* from: a statement that fills p and gives a result. */
#define EXEC_SET(name, kind, params, args, from)                                                       \
	CUDA_API(name, CU_ARGS(CUgraphExec exec, CUgraphNode node, params), CU_ARGS(exec, node, args)) \
	{                                                                                              \
		struct cu_node_params p;                                                               \
		CUresult r = get(exec, node);                                                          \
                                                                                                       \
		if (!r && node->type != kind)                                                          \
			r = CUDA_ERROR_INVALID_VALUE;                                                  \
		if (!r)                                                                                \
			r = from;                                                                      \
		return r ? r : cu_graph_exec_set(exec, node, kind, &p);                                \
	}

/* Copies set one by one stay copies of one row. */
static CUresult row_from(CUgraphNode n, struct cu_node_params *p, const CUDA_MEMCPY3D *c, CUcontext ctx)
{
	if (!c || c->Height * c->Depth != 1 || n->p.copy.Height * n->p.copy.Depth != 1)
		return CUDA_ERROR_INVALID_VALUE;
	return cu_node_copy_from(p, c, ctx);
}

EXEC_SET(cuGraphExecKernelNodeSetParams, CU_GRAPH_NODE_KERNEL, CU_ARGS(const CUDA_KERNEL_NODE_PARAMS *params), params,
	 cu_node_kernel_replace(node, &p, params, false))
EXEC_SET(cuGraphExecKernelNodeSetParams_v2, CU_GRAPH_NODE_KERNEL, CU_ARGS(const CUDA_KERNEL_NODE_PARAMS *params),
	 params, cu_node_kernel_replace(node, &p, params, true))
EXEC_SET(cuGraphExecMemcpyNodeSetParams, CU_GRAPH_NODE_MEMCPY, CU_ARGS(const CUDA_MEMCPY3D *params, CUcontext ctx),
	 CU_ARGS(params, ctx), row_from(node, &p, params, ctx))
EXEC_SET(cuGraphExecMemsetNodeSetParams, CU_GRAPH_NODE_MEMSET,
	 CU_ARGS(const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx), CU_ARGS(params, ctx),
	 cu_node_fill_from(&p, params, ctx))
EXEC_SET(cuGraphExecHostNodeSetParams, CU_GRAPH_NODE_HOST, CU_ARGS(const CUDA_HOST_NODE_PARAMS *params), params,
	 cu_node_host_from(&p, params))
EXEC_SET(cuGraphExecEventRecordNodeSetEvent, CU_GRAPH_NODE_EVENT_RECORD, CU_ARGS(CUevent event), event,
	 cu_node_event_from(&p, event))
EXEC_SET(cuGraphExecEventWaitNodeSetEvent, CU_GRAPH_NODE_WAIT_EVENT, CU_ARGS(CUevent event), event,
	 cu_node_event_from(&p, event))
EXEC_SET(cuGraphExecBatchMemOpNodeSetParams, CU_GRAPH_NODE_BATCH_MEM_OP,
	 CU_ARGS(const CUDA_BATCH_MEM_OP_NODE_PARAMS *params), params,
	 params ? cu_node_ops_from(&p, params) : CUDA_ERROR_INVALID_VALUE)

static CUresult set_child(CUgraphExec exec, CUgraphNode node, CUgraph child)
{
	CUresult r = get(exec, node);

	if (!r)
		r = cu_graph_get(child);
	return r ? r : cu_graph_update_child(exec, node, child);
}

CUDA_API(cuGraphExecChildGraphNodeSetParams, CU_ARGS(CUgraphExec exec, CUgraphNode node, CUgraph child),
	 CU_ARGS(exec, node, child))
{
	return set_child(exec, node, child);
}

CUDA_API(cuGraphExecNodeSetParams, CU_ARGS(CUgraphExec exec, CUgraphNode node, CUgraphNodeParams *params),
	 CU_ARGS(exec, node, params))
{
	struct cu_node_params p;
	CUresult r = get(exec, node);

	if (!r && (!params || params->type != (int)node->type || node->type == CU_GRAPH_NODE_MEM_ALLOC ||
		   node->type == CU_GRAPH_NODE_MEM_FREE))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	if (node->type == CU_GRAPH_NODE_GRAPH)
		return set_child(exec, node, params->graph.graph);
	if (node->type == CU_GRAPH_NODE_KERNEL)
		r = cu_node_kernel_replace(node, &p, &params->kernel, true);
	else if (node->type == CU_GRAPH_NODE_MEMCPY)
		r = row_from(node, &p, &params->memcpy.copyParams, params->memcpy.copyCtx);
	else
		r = cu_node_params_from(node->type, &p, params);
	return r ? r : cu_graph_exec_set(exec, node, node->type, &p);
}

/* The nodes that may be left out of launches. */
static CUresult switchable(CUgraphExec exec, CUgraphNode node, CUgraphNode *own)
{
	CUresult r = get(exec, node);

	if (r)
		return r;
	*own = cu_exec_node(exec, node);
	return *own && (node->type == CU_GRAPH_NODE_KERNEL || node->type == CU_GRAPH_NODE_MEMCPY ||
			node->type == CU_GRAPH_NODE_MEMSET) ?
		       CUDA_SUCCESS :
		       CUDA_ERROR_INVALID_VALUE;
}

CUDA_API(cuGraphNodeSetEnabled, CU_ARGS(CUgraphExec exec, CUgraphNode node, unsigned int enabled),
	 CU_ARGS(exec, node, enabled))
{
	CUgraphNode own;
	CUresult r = switchable(exec, node, &own);

	if (r)
		return r;
	pthread_mutex_lock(&exec->lock);
	own->disabled = !enabled;
	exec->stale = true;
	pthread_mutex_unlock(&exec->lock);
	return CUDA_SUCCESS;
}

CUDA_API(cuGraphNodeGetEnabled, CU_ARGS(CUgraphExec exec, CUgraphNode node, unsigned int *enabled),
	 CU_ARGS(exec, node, enabled))
{
	CUgraphNode own;
	CUresult r = switchable(exec, node, &own);

	if (!r && !enabled)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*enabled = !own->disabled;
	return r;
}
