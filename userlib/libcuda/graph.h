/* SPDX-License-Identifier: MIT */
/*
 * Graphs: nodes with what they are to do, and the edges between them.
 *
 * A graph is a description.  Instantiating it makes an executable graph: a
 * private copy, in which each node is translated into packets once
 * (graph_exec.c); a launch writes all of them into the stream's ring.
 *
 * Graphs are not safe for use by several threads at once, as CUDA has it;
 * nodes that a capture adds are added under the capture's lock.
 */
#ifndef VGPU_GRAPH_H
#define VGPU_GRAPH_H

#include "copy.h"
#include "graph_abi.h"
#include "launch.h"
#include "object.h"

/**
 * struct cu_edge - one end of an edge, as the other end has it
 * @node: the node at the other end
 * @data: what the edge means
 */
struct cu_edge {
	CUgraphNode node;
	CUgraphEdgeData data;
};

struct cu_edges {
	struct cu_edge *list;
	size_t count, room;
};

/**
 * struct cu_node_kernel - a launch
 * @f: kernel
 * @shape: grid, block, dynamic shared memory; its pointers are not used
 * @params: copied parameters, packed as the kernel has them
 * @pointers: into @params, one a parameter, for programs that ask
 * @attrs: launch attributes that were given
 * @nattrs: how many
 */
struct cu_node_kernel {
	CUfunction f;
	struct cu_launch shape;
	uint8_t *params;
	void **pointers;
	CUlaunchAttribute *attrs;
	unsigned int nattrs;
};

struct cu_graph_mem;

/**
 * struct cu_node_params - what a node is to do; nodes own what pointers lead to
 * @kernel: CU_GRAPH_NODE_KERNEL
 * @copy: CU_GRAPH_NODE_MEMCPY, in context @ctx
 * @fill: CU_GRAPH_NODE_MEMSET, in its context
 * @host: CU_GRAPH_NODE_HOST
 * @child: CU_GRAPH_NODE_GRAPH
 * @moved: @child is the program's graph, and stays that until the node is in a graph
 * @event: CU_GRAPH_NODE_EVENT_RECORD and _WAIT_EVENT
 * @mem: CU_GRAPH_NODE_MEM_ALLOC and _MEM_FREE (NULL for other memory of a pool, at @address)
 * @ops: CU_GRAPH_NODE_BATCH_MEM_OP
 * @nops: how many
 * @ctx: context, where the kind has one
 * @address: CU_GRAPH_NODE_MEM_FREE
 */
struct cu_node_params {
	union {
		struct cu_node_kernel kernel;
		CUDA_MEMCPY3D copy;
		CUDA_MEMSET_NODE_PARAMS fill;
		CUDA_HOST_NODE_PARAMS host;
		CUgraph child;
		CUevent event;
		struct cu_graph_mem *mem;
		struct {
			CUstreamBatchMemOpParams *ops;
			unsigned int nops;
		};
	};
	CUcontext ctx;
	CUdeviceptr address;
	bool moved;
};

/**
 * struct CUgraphNode_st - a node
 * @obj: type
 * @type: CU_GRAPH_NODE_*
 * @graph: its graph, NULL while it is being made
 * @id: never the same for two nodes
 * @origin: id of the node it was cloned from, or 0
 * @next: in the graph, in order of creation
 * @prev: likewise
 * @in: nodes it depends on
 * @out: nodes that depend on it
 * @p: what it does
 * @mark: scratch of traversals
 * @pair: scratch of updates
 * @disabled: in an executable graph: skipped by launches
 * @code: in an executable graph: its packets
 */
struct CUgraphNode_st {
	struct cu_object obj;
	enum cu_node_type type;
	CUgraph graph;
	uint64_t id, origin;
	CUgraphNode next, prev;
	struct cu_edges in, out;
	struct cu_node_params p;
	size_t mark;
	CUgraphNode pair;
	bool disabled;
	struct cu_node_code *code;
};

struct cu_held_object;

/**
 * struct CUgraph_st - a graph
 * @obj: type
 * @first: nodes in order of creation
 * @last: the newest
 * @count: how many
 * @owner: the node whose child it is, or NULL
 * @next_free: in a list of those to be freed
 * @origin: id of the graph it was cloned from, or 0
 * @id: never the same for two graphs
 * @capturing: captures that put nodes into it
 * @memory: alloc and free nodes in it
 * @execs: executable graphs made of it that exist, counted while it has memory nodes
 * @objects: user objects it holds
 */
struct CUgraph_st {
	struct cu_object obj;
	CUgraphNode first, last;
	size_t count;
	CUgraphNode owner;
	CUgraph next_free;
	uint64_t origin, id;
	unsigned int capturing, memory, execs;
	struct cu_held_object *objects;
};

/* graph.c */
CUgraph cu_graph_new(void);
void cu_graph_free(CUgraph g);
/* A graph and all below it once more; nodes remember whom they were made from. */
CUresult cu_graph_clone(CUgraph g, CUgraph *clone);
CUresult cu_graph_get(CUgraph g);
CUresult cu_graph_node_get(CUgraphNode n);
CUgraphNode cu_graph_node_new(enum cu_node_type type);
/* A node that is in no graph yet. */
void cu_graph_node_free(CUgraphNode n);
/* Put a node into a graph; on failure it is in none and still the caller's. */
CUresult cu_graph_insert(CUgraph g, CUgraphNode n, const struct cu_edge *in, size_t count);
CUresult cu_graph_connect(CUgraphNode from, CUgraphNode to, CUgraphEdgeData data);
bool cu_graph_disconnect(CUgraphNode from, CUgraphNode to, const CUgraphEdgeData *data);
void cu_graph_remove(CUgraphNode n);
/* The node after n in root and all graphs in it: first those in n, however deep.  NULL: there are no more. */
CUgraphNode cu_graph_walk(CUgraph root, CUgraphNode n);
/* All nodes so that each comes after what it depends on; false for a cycle. */
bool cu_graph_sort(CUgraph g, CUgraphNode *order);
bool cu_edges_add(struct cu_edges *e, CUgraphNode node, CUgraphEdgeData data);
struct cu_edge *cu_edges_find(const struct cu_edges *e, CUgraphNode node, const CUgraphEdgeData *data);

/* graph_params.c: parameters of nodes, from and to the forms that programs see. */
void cu_node_params_free(enum cu_node_type type, struct cu_node_params *p);
CUresult cu_node_params_copy(enum cu_node_type type, struct cu_node_params *to, const struct cu_node_params *from);
CUresult cu_node_kernel_set(struct cu_node_params *p, CUfunction f, const struct cu_launch *l);
CUresult cu_node_kernel_from(struct cu_node_params *p, const CUDA_KERNEL_NODE_PARAMS *k, bool second);
/* The same for a node that there is, whose attributes stay. */
CUresult cu_node_kernel_replace(CUgraphNode n, struct cu_node_params *p, const CUDA_KERNEL_NODE_PARAMS *k, bool second);
CUresult cu_node_copy_from(struct cu_node_params *p, const CUDA_MEMCPY3D *c, CUcontext ctx);
CUresult cu_node_fill_from(struct cu_node_params *p, const CUDA_MEMSET_NODE_PARAMS *f, CUcontext ctx);
CUresult cu_node_host_from(struct cu_node_params *p, const CUDA_HOST_NODE_PARAMS *h);
CUresult cu_node_event_from(struct cu_node_params *p, CUevent event);
CUresult cu_node_ops_from(struct cu_node_params *p, const CUDA_BATCH_MEM_OP_NODE_PARAMS *o);
CUresult cu_node_params_from(enum cu_node_type type, struct cu_node_params *p, CUgraphNodeParams *n);
void cu_node_kernel_to(CUgraphNode n, CUDA_KERNEL_NODE_PARAMS *k, bool second);
CUresult cu_node_kernel_attribute(struct cu_node_kernel *k, unsigned int id, const CUlaunchAttributeValue *value);

/* graph_exec.c */
CUresult cu_exec_get(CUgraphExec exec);
CUresult cu_graph_launch(CUgraphExec exec, CUstream stream);
/* The executable graph's own node for one of the graph it was made from, or NULL. */
CUgraphNode cu_exec_node(CUgraphExec exec, CUgraphNode n);
/* Give such a node new parameters, which it takes over in any case. */
CUresult cu_graph_exec_set(CUgraphExec exec, CUgraphNode n, enum cu_node_type type, struct cu_node_params *p);

/* graph_mem.c: memory that belongs to graphs. */
CUresult cu_graph_mem_new(CUcontext ctx, size_t size, struct cu_graph_mem **m);
/* One more hold of the allocation that begins there, or NULL. */
struct cu_graph_mem *cu_graph_mem_find(CUdeviceptr p);
struct cu_graph_mem *cu_graph_mem_hold(struct cu_graph_mem *m);
void cu_graph_mem_put(struct cu_graph_mem *m);
CUdeviceptr cu_graph_mem_address(const struct cu_graph_mem *m);
size_t cu_graph_mem_size(const struct cu_graph_mem *m);
CUcontext cu_graph_mem_context(const struct cu_graph_mem *m);
/* A launch allocates it; restart: as if it had been freed before. */
CUresult cu_graph_mem_alloc(struct cu_graph_mem *m, bool restart);
CUresult cu_graph_mem_release(struct cu_graph_mem *m);
bool cu_graph_mem_live(struct cu_graph_mem *m);
/* The packets of the launch that allocated or released it are written; p: behind them, NULL: there are none. */
void cu_graph_mem_submitted(struct cu_graph_mem *m, const struct cu_point *p);
/* A launch that failed leaves it as it was. */
void cu_graph_mem_restore(struct cu_graph_mem *m, bool live);

/* user_object.c */
CUresult cu_objects_copy(CUgraph to, CUgraph from);
void cu_objects_release(CUgraph g);

#endif
