/* SPDX-License-Identifier: MIT */
/* Executable graphs: what their files share. */
#ifndef VGPU_GRAPH_EXEC_H
#define VGPU_GRAPH_EXEC_H

#include "graph.h"

/**
 * struct cu_node_code - a node, translated
 * @slots: ring slots
 * @packets: packets in them; 0: the node is not done by packets of its own
 * @bytes: them
 */
struct cu_node_code {
	uint32_t slots, packets;
	uint8_t bytes[] __attribute__((aligned(8)));
};

enum cu_step_kind { CU_STEP_PACKETS, CU_STEP_HOST, CU_STEP_COPY, CU_STEP_RECORD, CU_STEP_WAIT };

/**
 * struct cu_step - a stretch of a launch
 * @kind: packets as they are, or what needs the stream it is launched into
 * @node: the node, but for packets
 * @offset: packets: in the program
 * @slots: slots in the ring, also of what is no packet in the program
 * @packets: packets in them
 */
struct cu_step {
	enum cu_step_kind kind;
	CUgraphNode node;
	size_t offset;
	uint32_t slots, packets;
};

/* Eight bytes that a packet of a graph reads from. */
struct cu_exec_word {
	struct cu_exec_word *next;
	uint64_t *word;
};

/**
 * struct CUgraphExec_st - an executable graph
 * @obj: type
 * @graph: private copy of what it was made from
 * @source: the graph it was made from, and whose use of memory it counts in, or NULL
 * @source_id: id of that
 * @flags: CUDA_GRAPH_INSTANTIATE_FLAG_*
 * @ctx: context of its nodes, NULL while none has one
 * @ctx_id: its id
 * @lock: guards what follows
 * @order: all nodes of all levels but child graphs, in the order of execution
 * @norder: how many
 * @index: all nodes of all levels, by the id they were made from
 * @nindex: how many
 * @program: packets of all nodes
 * @steps: what a launch does
 * @nsteps: how many
 * @stale: nodes changed since @steps were made
 * @last: where its last launch ends
 * @workspace: where the blocks of cooperative launches meet
 * @words: that its packets read from
 */
struct CUgraphExec_st {
	struct cu_object obj;
	CUgraph graph, source;
	uint64_t source_id;
	uint64_t flags;
	CUcontext ctx;
	uint64_t ctx_id;
	pthread_mutex_t lock;
	CUgraphNode *order, *index;
	size_t norder, nindex;
	uint8_t *program;
	struct cu_step *steps;
	size_t nsteps;
	bool stale;
	struct cu_point last;
	struct cu_mem *workspace;
	struct cu_exec_word *words;
};

/* graph_translate.c: a node's packets, into n->code; keeps what is there when it fails. */
CUresult cu_node_translate(CUgraphExec exec, CUgraphNode n);

/* graph_update.c: whether a node may become this, while its graph is executable. */
enum cu_update_result cu_node_change(CUgraphExec exec, CUgraphNode own, const struct cu_node_params *p);

/* graph_exec.c */
CUresult cu_exec_new(CUgraph g, uint64_t flags, CUgraphExec *exec, CUgraphNode *culprit);
void cu_exec_free(CUgraphExec exec);
CUresult cu_exec_adopt_context(CUgraphExec exec, CUcontext ctx);

#endif
