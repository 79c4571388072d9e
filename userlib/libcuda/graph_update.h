/* SPDX-License-Identifier: MIT */
/* Executable graphs that become as another graph is. */
#ifndef VGPU_GRAPH_UPDATE_H
#define VGPU_GRAPH_UPDATE_H

#include "graph.h"

/* All of it or nothing; *info says why not. */
CUresult cu_graph_update(CUgraphExec exec, CUgraph g, CUgraphExecUpdateResultInfo *info);
/* The same for the child graph of one node. */
CUresult cu_graph_update_child(CUgraphExec exec, CUgraphNode n, CUgraph child);

#endif
