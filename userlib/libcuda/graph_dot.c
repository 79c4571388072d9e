// SPDX-License-Identifier: MIT
/* cuGraphDebugDotPrint: a graph in Graphviz's language. */
#include <stdio.h>
#include <string.h>
#include "graph.h"

enum {
	VERBOSE = 1 << 0,
	KERNEL = 1 << 2,
	MEMCPY = 1 << 3,
	MEMSET = 1 << 4,
	HOST = 1 << 5,
	EVENT = 1 << 6,
	ATTRIBUTES = 1 << 9,
	HANDLES = 1 << 10,
	ALLOC = 1 << 11,
	FREE = 1 << 12
};

static const char *const names[CU_GRAPH_NODE_TYPES] = {
	[CU_GRAPH_NODE_KERNEL] = "KERNEL",
	[CU_GRAPH_NODE_MEMCPY] = "MEMCPY",
	[CU_GRAPH_NODE_MEMSET] = "MEMSET",
	[CU_GRAPH_NODE_HOST] = "HOST",
	[CU_GRAPH_NODE_GRAPH] = "GRAPH",
	[CU_GRAPH_NODE_EMPTY] = "EMPTY",
	[CU_GRAPH_NODE_WAIT_EVENT] = "WAIT_EVENT",
	[CU_GRAPH_NODE_EVENT_RECORD] = "EVENT_RECORD",
	[CU_GRAPH_NODE_MEM_ALLOC] = "MEM_ALLOC",
	[CU_GRAPH_NODE_MEM_FREE] = "MEM_FREE",
	[CU_GRAPH_NODE_BATCH_MEM_OP] = "BATCH_MEM_OP",
};

static void put_kernel(FILE *f, const struct cu_node_kernel *k, unsigned int flags)
{
	const struct cu_launch *l = &k->shape;

	if (cu_is(k->f, CU_FUNCTION))
		fprintf(f, "\\n%s", k->f->kernel.name);
	if (flags & (VERBOSE | KERNEL))
		fprintf(f, "\\ngrid (%u,%u,%u) block (%u,%u,%u) shared %u", l->grid[0], l->grid[1], l->grid[2],
			l->block[0], l->block[1], l->block[2], l->dynamic);
	if (flags & (VERBOSE | ATTRIBUTES))
		fprintf(f, "\\ncooperative %d", l->cooperative);
}

static void put_params(FILE *f, CUgraphNode n, unsigned int flags)
{
	const struct cu_node_params *p = &n->p;

	if (n->type == CU_GRAPH_NODE_KERNEL)
		put_kernel(f, &p->kernel, flags);
	if (n->type == CU_GRAPH_NODE_MEMCPY && (flags & (VERBOSE | MEMCPY)))
		fprintf(f, "\\n%zu x %zu x %zu", p->copy.WidthInBytes, p->copy.Height, p->copy.Depth);
	if (n->type == CU_GRAPH_NODE_MEMSET && (flags & (VERBOSE | MEMSET)))
		fprintf(f, "\\n0x%llx: %zu x %zu of %u bytes, 0x%x", p->fill.dst, p->fill.width, p->fill.height,
			p->fill.elementSize, p->fill.value);
	if (n->type == CU_GRAPH_NODE_HOST && (flags & (VERBOSE | HOST)))
		fprintf(f, "\\n%p(%p)", (void *)p->host.fn, p->host.userData);
	if ((n->type == CU_GRAPH_NODE_WAIT_EVENT || n->type == CU_GRAPH_NODE_EVENT_RECORD) &&
	    (flags & (VERBOSE | EVENT)))
		fprintf(f, "\\n%p", (void *)p->event);
	if ((n->type == CU_GRAPH_NODE_MEM_ALLOC && (flags & (VERBOSE | ALLOC))) ||
	    (n->type == CU_GRAPH_NODE_MEM_FREE && (flags & (VERBOSE | FREE))))
		fprintf(f, "\\n0x%llx", p->mem ? cu_graph_mem_address(p->mem) : p->address);
}

static void put_graph(FILE *f, CUgraph g, unsigned int flags)
{
	fprintf(f, "subgraph cluster_%llu {\nlabel=\"graph_%llu\"\n", (unsigned long long)g->id,
		(unsigned long long)g->id);
	for (CUgraphNode n = g->first; n; n = n->next) {
		fprintf(f, "node_%llu [shape=record label=\"%s", (unsigned long long)n->id, names[n->type]);
		if (flags & (VERBOSE | HANDLES))
			fprintf(f, "\\n%p", (void *)n);
		put_params(f, n, flags);
		fputs("\"]\n", f);
		for (size_t i = 0; i < n->out.count; i++)
			fprintf(f, "node_%llu -> node_%llu\n", (unsigned long long)n->id,
				(unsigned long long)n->out.list[i].node->id);
	}
	fputs("}\n", f);
}

static void put_graphs(FILE *f, CUgraph g, unsigned int flags)
{
	put_graph(f, g, flags);
	for (CUgraphNode n = g->first; n; n = cu_graph_walk(g, n)) {
		if (n->type != CU_GRAPH_NODE_GRAPH)
			continue;
		put_graph(f, n->p.child, flags);
		if (n->p.child->first)
			fprintf(f, "node_%llu -> node_%llu [style=dotted]\n", (unsigned long long)n->id,
				(unsigned long long)n->p.child->first->id);
	}
}

CUDA_API(cuGraphDebugDotPrint, CU_ARGS(CUgraph graph, const char *path, unsigned int flags),
	 CU_ARGS(graph, path, flags))
{
	CUresult r = cu_graph_get(graph);
	FILE *f;

	if (!r && !path)
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	f = fopen(path, "w");
	if (!f)
		return CUDA_ERROR_OPERATING_SYSTEM;
	fputs("digraph dot {\n", f);
	put_graphs(f, graph, flags);
	fputs("}\n", f);
	return fclose(f) ? CUDA_ERROR_OPERATING_SYSTEM : CUDA_SUCCESS;
}
