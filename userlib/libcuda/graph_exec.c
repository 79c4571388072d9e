// SPDX-License-Identifier: MIT
/*
 * Executable graphs and their launch.
 *
 * A launch goes into the ring of one stream: packets are run in order there,
 * so any order that respects the edges will do, and nothing has to be waited for
 * between nodes.  Neighbouring nodes that are plain packets are one piece of
 * memory, copied into the ring at once and announced once.
 */
#include <stdlib.h>
#include <string.h>
#include "callback.h"
#include "event.h"
#include "graph_exec.h"
#include "memory.h"
#include "retire.h"
#include "slab.h"

/* The most slots written at once: a larger program goes through the ring piece by piece. */
enum { STEP_SLOTS = 8192 };

CUresult cu_exec_get(CUgraphExec exec)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!cu_is(exec, CU_GRAPH_EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	if (exec->ctx && (!cu_context_alive(exec->ctx) || exec->ctx->id != exec->ctx_id))
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return CUDA_SUCCESS;
}

CUresult cu_exec_adopt_context(CUgraphExec exec, CUcontext ctx)
{
	if (!exec->ctx) {
		exec->ctx = ctx;
		exec->ctx_id = ctx->id;
	}
	return exec->ctx == ctx ? CUDA_SUCCESS : cu_refuse("graphs whose nodes are in several contexts");
}

/* ---- order and index */

static size_t count_nodes(CUgraph g)
{
	size_t count = 0;

	for (CUgraphNode n = g->first; n; n = cu_graph_walk(g, n))
		count++;
	return count;
}

/* A graph in order, as far as it has been gone through. */
struct level {
	struct level *up;
	size_t at, count;
	CUgraphNode sorted[];
};

static CUresult enter(struct level **l, CUgraph g)
{
	struct level *down = malloc(sizeof(*down) + g->count * sizeof(*down->sorted));

	if (!down)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*down = (struct level){ .up = *l, .count = g->count };
	*l = down;
	return cu_graph_sort(g, down->sorted) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static void leave(struct level **l)
{
	struct level *up = (*l)->up;

	free(*l);
	*l = up;
}

static CUresult flatten(CUgraphExec exec, CUgraph g)
{
	struct level *l = NULL;
	CUresult r = enter(&l, g);

	while (l && !r) {
		CUgraphNode n = l->at < l->count ? l->sorted[l->at++] : NULL;

		if (!n) {
			leave(&l);
			continue;
		}
		exec->index[exec->nindex++] = n;
		if (n->type == CU_GRAPH_NODE_GRAPH)
			r = enter(&l, n->p.child);
		else
			exec->order[exec->norder++] = n;
	}
	while (l)
		leave(&l);
	return r;
}

static int origin_cmp(const void *a, const void *b)
{
	uint64_t x = (*(CUgraphNode const *)a)->origin, y = (*(CUgraphNode const *)b)->origin;

	return (x > y) - (x < y);
}

CUgraphNode cu_exec_node(CUgraphExec exec, CUgraphNode n)
{
	size_t low = 0, high = exec->nindex;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (exec->index[mid]->origin < n->id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < exec->nindex && exec->index[low]->origin == n->id ? exec->index[low] : NULL;
}

/* ---- the program */

static enum cu_step_kind kind_of(CUgraphNode n)
{
	switch (n->type) {
	case CU_GRAPH_NODE_HOST:
		return CU_STEP_HOST;
	case CU_GRAPH_NODE_MEMCPY:
		return n->code->packets ? CU_STEP_PACKETS : CU_STEP_COPY;
	case CU_GRAPH_NODE_EVENT_RECORD:
		return CU_STEP_RECORD;
	case CU_GRAPH_NODE_WAIT_EVENT:
		return CU_STEP_WAIT;
	default:
		return CU_STEP_PACKETS;
	}
}

static bool takes_part(CUgraphNode n)
{
	return !n->disabled && (kind_of(n) != CU_STEP_PACKETS || (n->code && n->code->packets));
}

static void add_step(CUgraphExec exec, CUgraphNode n, size_t *end)
{
	struct cu_step *s = exec->nsteps ? &exec->steps[exec->nsteps - 1] : NULL;
	enum cu_step_kind kind = kind_of(n);

	if (kind != CU_STEP_PACKETS) {
		/* At most two packets: a host function is two. */
		exec->steps[exec->nsteps++] = (struct cu_step){ .kind = kind, .node = n, .slots = 2 };
		return;
	}
	if (!s || s->kind != CU_STEP_PACKETS || s->slots + n->code->slots > STEP_SLOTS) {
		s = &exec->steps[exec->nsteps++];
		*s = (struct cu_step){ .kind = kind, .offset = *end };
	}
	memcpy(exec->program + *end, n->code->bytes, (size_t)n->code->slots * VGPU_SLOT_BYTES);
	s->slots += n->code->slots;
	s->packets += n->code->packets;
	*end += (size_t)n->code->slots * VGPU_SLOT_BYTES;
}

static CUresult build(CUgraphExec exec)
{
	size_t bytes = 0, end = 0;
	struct cu_step *steps = calloc(exec->norder + 1, sizeof(*steps));
	uint8_t *program;

	for (size_t i = 0; i < exec->norder; i++)
		if (exec->order[i]->code && !exec->order[i]->disabled)
			bytes += (size_t)exec->order[i]->code->slots * VGPU_SLOT_BYTES;
	program = malloc(bytes + 1);
	if (!steps || !program) {
		free(steps);
		free(program);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	free(exec->steps);
	free(exec->program);
	exec->steps = steps;
	exec->program = program;
	exec->nsteps = 0;
	for (size_t i = 0; i < exec->norder; i++)
		if (takes_part(exec->order[i]))
			add_step(exec, exec->order[i], &end);
	exec->stale = false;
	return CUDA_SUCCESS;
}

/* ---- making and ending */

static CUresult prepare(CUgraphExec exec, CUgraph g, CUgraphNode *culprit)
{
	size_t count = count_nodes(g);
	CUresult r = cu_graph_clone(g, &exec->graph);

	if (r)
		return r;
	exec->order = calloc(count + 1, sizeof(*exec->order));
	exec->index = calloc(count + 1, sizeof(*exec->index));
	if (!exec->order || !exec->index)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = flatten(exec, exec->graph);
	if (r && g->first)
		*culprit = g->first;
	qsort(exec->index, exec->nindex, sizeof(*exec->index), origin_cmp);
	for (size_t i = 0; i < exec->norder && !r; i++) {
		r = cu_node_translate(exec, exec->order[i]);
		for (CUgraphNode n = g->first; n && r; n = n->next)
			if (n->id == exec->order[i]->origin)
				*culprit = n;
	}
	return r ? r : build(exec);
}

CUresult cu_exec_new(CUgraph g, uint64_t flags, CUgraphExec *out, CUgraphNode *culprit)
{
	CUgraphExec exec;
	CUresult r;

	*culprit = NULL;
	if (g->capturing || g->owner || (g->memory && __atomic_load_n(&g->execs, __ATOMIC_RELAXED)))
		return CUDA_ERROR_INVALID_VALUE;
	exec = cu_object_new(CU_GRAPH_EXEC, sizeof(*exec));
	if (!exec)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_init(&exec->lock, NULL);
	exec->flags = flags;
	r = prepare(exec, g, culprit);
	if (r) {
		cu_exec_free(exec);
		return r;
	}
	if (g->memory) {
		__atomic_add_fetch(&g->execs, 1, __ATOMIC_RELAXED);
		exec->source = g;
		exec->source_id = g->id;
	}
	*out = exec;
	return CUDA_SUCCESS;
}

static void free_words(CUgraphExec exec, bool alive)
{
	while (exec->words) {
		struct cu_exec_word *w = exec->words;

		exec->words = w->next;
		if (alive) {
			pthread_mutex_lock(&exec->ctx->lock);
			cu_word_free_at(exec->ctx, w->word, exec->last);
			pthread_mutex_unlock(&exec->ctx->lock);
		}
		free(w);
	}
}

void cu_exec_free(CUgraphExec exec)
{
	bool alive = exec->ctx && cu_context_alive(exec->ctx) && exec->ctx->id == exec->ctx_id;

	/* Packets are in the ring already; only what they point to must stay until they are done. */
	free_words(exec, alive);
	if (exec->workspace && alive)
		cu_retire_memory(exec->workspace, exec->ctx, exec->last);
	if (exec->source && cu_is(exec->source, CU_GRAPH) && exec->source->id == exec->source_id)
		__atomic_sub_fetch(&exec->source->execs, 1, __ATOMIC_RELAXED);
	if (exec->graph)
		cu_graph_free(exec->graph);
	free(exec->order);
	free(exec->index);
	free(exec->steps);
	free(exec->program);
	pthread_mutex_destroy(&exec->lock);
	cu_object_free(exec);
}

/* ---- launching; the exec's lock is held */

/* A copy with a pageable side. */
static CUresult submit_copy(CUstream s, CUgraphNode n)
{
	struct cu_box box;
	CUresult r = cu_box_from_3d(&n->p.copy, &box);

	return r ? r : cu_copy_submit(s, &box);
}

static CUresult submit_packets(CUgraphExec exec, CUstream s, const struct cu_step *step)
{
	struct vgpu_ring *ring = &s->queue->ring;
	int err = vgpu_ring_reserve(ring, step->slots);

	if (!err) {
		vgpu_ring_write(ring, 0, exec->program + step->offset, (size_t)step->slots * VGPU_SLOT_BYTES);
		err = vgpu_ring_commit(ring, step->slots, step->packets);
	}
	return err ? cu_check(s->ctx, err) : CUDA_SUCCESS;
}

static CUresult submit_wait(CUstream s, CUevent e)
{
	CUresult r = cu_event_get(e);

	return r ? r : cu_submit_wait(s, e->point);
}

static CUresult submit_record(CUstream s, CUevent e)
{
	CUresult r = cu_event_get(e);

	return r ? r : cu_event_submit(e, s);
}

static CUresult submit_step(CUgraphExec exec, CUstream s, const struct cu_step *step)
{
	const struct cu_node_params *p = step->node ? &step->node->p : NULL;

	switch (step->kind) {
	case CU_STEP_PACKETS:
		return submit_packets(exec, s, step);
	case CU_STEP_HOST:
		return cu_callback_submit(s, s, p->host.fn, NULL, p->host.userData);
	case CU_STEP_COPY:
		return submit_copy(s, step->node);
	case CU_STEP_RECORD:
		return submit_record(s, p->event);
	case CU_STEP_WAIT:
		return submit_wait(s, p->event);
	}
	return CUDA_SUCCESS;
}

/* As many steps as fit into a ring at once; *next is the first that is left. */
static CUresult submit_round(CUgraphExec exec, CUstream handle, size_t *next)
{
	uint32_t slots = 0;
	size_t end = *next;
	CUstream s;
	CUresult r;

	while (end < exec->nsteps && slots + exec->steps[end].slots <= 2 * STEP_SLOTS)
		slots += exec->steps[end++].slots;
	r = cu_submit_begin_room(handle, slots + 1, &s);
	if (r)
		return r;
	if (exec->ctx && s->ctx != exec->ctx)
		r = cu_refuse("launching a graph into a stream of another context");
	else if (!*next)
		r = cu_submit_wait(s, exec->last);
	for (; *next < end && !r; ++*next)
		r = submit_step(exec, s, &exec->steps[*next]);
	if (!exec->ctx || s->ctx == exec->ctx)
		exec->last = cu_stream_point(s); /* what was written before an error is there, too */
	cu_submit_end(s);
	return r;
}

static bool is_memory(const struct CUgraphNode_st *n)
{
	return n->type == CU_GRAPH_NODE_MEM_ALLOC || (n->type == CU_GRAPH_NODE_MEM_FREE && n->p.mem);
}

/*
 * Memory of the first nodes of the order, of a launch that has written what it will.
 * @undo: it failed: as it was before
 * @p: behind what was written, or NULL
 */
static void settle_memory(CUgraphExec exec, size_t count, bool undo, const struct cu_point *p)
{
	while (count--) {
		CUgraphNode n = exec->order[count];

		if (!is_memory(n))
			continue;
		if (undo)
			cu_graph_mem_restore(n->p.mem, n->mark);
		cu_graph_mem_submitted(n->p.mem, p);
	}
}

/* Memory that the graph allocates and frees, as the launch leaves it; marks are how it was. */
static CUresult launch_memory(CUgraphExec exec)
{
	bool restart = exec->flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH;
	CUresult r = CUDA_SUCCESS;

	for (size_t i = 0; i < exec->norder && exec->graph->memory && !r; i++) {
		CUgraphNode n = exec->order[i];

		if (!is_memory(n))
			continue;
		n->mark = cu_graph_mem_live(n->p.mem);
		r = n->type == CU_GRAPH_NODE_MEM_ALLOC ? cu_graph_mem_alloc(n->p.mem, restart) :
							 cu_graph_mem_release(n->p.mem);
		if (r)
			settle_memory(exec, i, true, NULL);
	}
	return r;
}

static CUresult submit(CUgraphExec exec, CUstream stream)
{
	size_t next = 0;
	CUresult r;

	do
		r = submit_round(exec, stream, &next);
	while (!r && next < exec->nsteps);
	return r;
}

CUresult cu_graph_launch(CUgraphExec exec, CUstream stream)
{
	struct cu_point before;
	bool written;
	CUresult r;

	pthread_mutex_lock(&exec->lock);
	r = exec->stale ? build(exec) : CUDA_SUCCESS;
	if (!r)
		r = launch_memory(exec);
	if (!r) {
		before = exec->last;
		r = submit(exec, stream);
		written = exec->last.queue != before.queue || exec->last.packet != before.packet;
		if (exec->graph->memory)
			settle_memory(exec, exec->norder, r, written ? &exec->last : NULL);
	}
	pthread_mutex_unlock(&exec->lock);
	return r;
}

/* ---- changing */

CUresult cu_graph_exec_set(CUgraphExec exec, CUgraphNode n, enum cu_node_type type, struct cu_node_params *p)
{
	CUgraphNode own = cu_exec_node(exec, n), fresh;
	CUresult r = CUDA_ERROR_INVALID_VALUE;

	fresh = own && own->type == type ? cu_graph_node_new(type) : NULL;
	if (!fresh) {
		cu_node_params_free(type, p);
		return r;
	}
	fresh->p = *p;
	pthread_mutex_lock(&exec->lock);
	if (!cu_node_change(exec, own, p))
		r = cu_node_translate(exec, fresh);
	if (!r) {
		struct cu_node_params old = own->p;
		struct cu_node_code *code = own->code;

		own->p = fresh->p;
		own->code = fresh->code;
		fresh->p = old;
		fresh->code = code;
		exec->stale = true;
	}
	pthread_mutex_unlock(&exec->lock);
	cu_graph_node_free(fresh);
	return r;
}
