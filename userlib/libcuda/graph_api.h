/* SPDX-License-Identifier: MIT */
/* What the entry points of graphs share. */
#ifndef VGPU_GRAPH_API_H
#define VGPU_GRAPH_API_H

#include "graph.h"

/* Whether an edge may carry this. */
CUresult cu_edge_check(CUgraphNode from, CUgraphNode to, const CUgraphEdgeData *data);

#endif
