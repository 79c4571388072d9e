// SPDX-License-Identifier: MIT
/* cuStreamBeginCapture and what belongs to it. */
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "stream_api.h"

static CUresult begin(CUstream handle, CUgraph graph, const CUgraphNode *nodes, size_t count, int mode)
{
	CUstream s;
	CUresult r = cu_stream_get(handle, &s);

	if (r)
		return r;
	if (mode < CU_STREAM_CAPTURE_MODE_GLOBAL || mode > CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	if (s->kind == CU_STREAM_DEFAULT_LEGACY)
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	return cu_capture_begin(s, graph, nodes, count, mode);
}

STREAM_FIRST(cuStreamBeginCapture, CU_ARGS(CUstream stream), CU_ARGS(stream), CU_ARGS(CU_PTSZ(stream)))
{
	return begin(stream, NULL, NULL, 0, CU_STREAM_CAPTURE_MODE_GLOBAL);
}

STREAM_FIRST(cuStreamBeginCapture_v2, CU_ARGS(CUstream stream, int mode), CU_ARGS(stream, mode),
	     CU_ARGS(CU_PTSZ(stream), mode))
{
	return begin(stream, NULL, NULL, 0, mode);
}

STREAM_FIRST(cuStreamBeginCaptureToGraph,
	     CU_ARGS(CUstream stream, CUgraph graph, const CUgraphNode *nodes, const CUgraphEdgeData *data,
		     size_t count, int mode),
	     CU_ARGS(stream, graph, nodes, data, count, mode),
	     CU_ARGS(CU_PTSZ(stream), graph, nodes, data, count, mode))
{
	CUresult r = cu_graph_get(graph);

	if (!r && count && !nodes)
		r = CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && !r; i++)
		if (cu_graph_node_get(nodes[i]) || nodes[i]->graph != graph)
			r = CUDA_ERROR_INVALID_VALUE;
	(void)data; /* edges of a capture are full dependencies, which are stronger */
	return r ? r : begin(stream, graph, nodes, count, mode);
}

STREAM_FIRST(cuStreamEndCapture, CU_ARGS(CUstream stream, CUgraph *graph), CU_ARGS(stream, graph),
	     CU_ARGS(CU_PTSZ(stream), graph))
{
	CUgraph none;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	return r ? r : cu_capture_end(s, graph ? graph : &none);
}

STREAM_FIRST(cuStreamIsCapturing, CU_ARGS(CUstream stream, int *status), CU_ARGS(stream, status),
	     CU_ARGS(CU_PTSZ(stream), status))
{
	struct cu_capture_info info;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !status)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_capture_info(s, &info);
	if (!r)
		*status = info.status;
	return r;
}

/* All but the status is only said while a capture is in good health. */
static CUresult get_info(CUstream stream, int *status, cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
			 size_t *count)
{
	struct cu_capture_info info;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !status)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_capture_info(s, &info);
	if (r)
		return r;
	*status = info.status;
	if (info.status != CU_STREAM_CAPTURE_STATUS_ACTIVE)
		info = (struct cu_capture_info){ .status = info.status };
	if (id)
		*id = info.id;
	if (graph)
		*graph = info.graph;
	if (nodes)
		*nodes = info.nodes;
	if (count)
		*count = info.count;
	return CUDA_SUCCESS;
}

STREAM_FIRST(cuStreamGetCaptureInfo, CU_ARGS(CUstream stream, int *status, cuuint64_t *id), CU_ARGS(stream, status, id),
	     CU_ARGS(CU_PTSZ(stream), status, id))
{
	return get_info(stream, status, id, NULL, NULL, NULL);
}

STREAM_FIRST(cuStreamGetCaptureInfo_v2,
	     CU_ARGS(CUstream stream, int *status, cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
		     size_t *count),
	     CU_ARGS(stream, status, id, graph, nodes, count),
	     CU_ARGS(CU_PTSZ(stream), status, id, graph, nodes, count))
{
	return get_info(stream, status, id, graph, nodes, count);
}

/* Edges out of a capture's frontier never carry data. */
static const CUgraphEdgeData *plain_edges(size_t count)
{
	static __thread CUgraphEdgeData *edges;
	static __thread size_t room;

	if (count > room) {
		CUgraphEdgeData *more = realloc(edges, count * sizeof(*more));

		if (!more)
			return NULL;
		memset(more, 0, count * sizeof(*more));
		edges = more;
		room = count;
	}
	return edges;
}

STREAM_FIRST(cuStreamGetCaptureInfo_v3,
	     CU_ARGS(CUstream stream, int *status, cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
		     const CUgraphEdgeData **edges, size_t *count),
	     CU_ARGS(stream, status, id, graph, nodes, edges, count),
	     CU_ARGS(CU_PTSZ(stream), status, id, graph, nodes, edges, count))
{
	size_t n = 0;
	CUresult r = get_info(stream, status, id, graph, nodes, &n);

	if (r)
		return r;
	if (count)
		*count = n;
	if (edges)
		*edges = n ? plain_edges(n) : NULL;
	return edges && n && !*edges ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

static CUresult update(CUstream stream, const CUgraphNode *nodes, size_t count, unsigned int flags)
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && ((count && !nodes) || flags > CU_STREAM_SET_CAPTURE_DEPENDENCIES))
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_capture_update(s, nodes, count, flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES);
}

STREAM_FIRST(cuStreamUpdateCaptureDependencies,
	     CU_ARGS(CUstream stream, CUgraphNode *nodes, size_t count, unsigned int flags),
	     CU_ARGS(stream, nodes, count, flags), CU_ARGS(CU_PTSZ(stream), nodes, count, flags))
{
	return update(stream, nodes, count, flags);
}

STREAM_FIRST(cuStreamUpdateCaptureDependencies_v2,
	     CU_ARGS(CUstream stream, CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count,
		     unsigned int flags),
	     CU_ARGS(stream, nodes, data, count, flags), CU_ARGS(CU_PTSZ(stream), nodes, data, count, flags))
{
	(void)data; /* full dependencies are stronger */
	return update(stream, nodes, count, flags);
}

CUDA_API(cuThreadExchangeStreamCaptureMode, CU_ARGS(int *mode), CU_ARGS(mode))
{
	if (!mode || *mode < CU_STREAM_CAPTURE_MODE_GLOBAL || *mode > CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	*mode = cu_capture_exchange_mode(*mode);
	return CUDA_SUCCESS;
}
