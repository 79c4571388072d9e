// SPDX-License-Identifier: MIT
/* Stream capture: the rules, and the graph that grows by them. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "capture.h"

/**
 * struct cu_capture - a capture sequence
 * @next: in the list of all
 * @id: never the same for two
 * @mode: CU_STREAM_CAPTURE_MODE_*
 * @thread: that began it
 * @origin: stream that it began in
 * @members: all its streams
 * @graph: that grows
 * @own: the graph was made for it
 * @invalid: a rule was broken
 * @left: what destroyed streams did last
 */
struct cu_capture {
	struct cu_capture *next;
	uint64_t id;
	int mode;
	pthread_t thread;
	CUstream origin, members;
	CUgraph graph;
	struct cu_frontier left;
	bool own, invalid;
};

unsigned int cu_capture_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cu_capture *captures;
static uint64_t next_id = 1;
static __thread int thread_mode;

/* ---- sets of nodes */

static bool frontier_add(struct cu_frontier *f, CUgraphNode n)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i] == n)
			return true;
	if (f->count == f->room) {
		size_t room = f->room ? 2 * f->room : 4;
		CUgraphNode *list = realloc(f->list, room * sizeof(*list));

		if (!list)
			return false;
		f->list = list;
		f->room = room;
	}
	f->list[f->count++] = n;
	return true;
}

static bool frontier_add_all(struct cu_frontier *f, CUgraphNode const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!frontier_add(f, nodes[i]))
			return false;
	return true;
}

static void frontier_clear(struct cu_frontier *f)
{
	free(f->list);
	*f = (struct cu_frontier){ 0 };
}

/* ---- membership; all with the lock held */

static void join(struct cu_capture *c, CUstream s)
{
	s->next_captured = c->members;
	c->members = s;
	__atomic_store_n(&s->capture, c, __ATOMIC_RELEASE);
}

static void leave(CUstream s)
{
	CUstream *at = &s->capture->members;

	while (*at != s)
		at = &(*at)->next_captured;
	*at = s->next_captured;
	frontier_clear(&s->frontier);
	__atomic_store_n(&s->capture, NULL, __ATOMIC_RELEASE);
}

static void finish(struct cu_capture *c)
{
	struct cu_capture **at = &captures;

	while (c->members)
		leave(c->members);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	frontier_clear(&c->left);
	c->graph->capturing--;
	if (c->own && c->invalid)
		cu_graph_free(c->graph);
	free(c);
	__atomic_sub_fetch(&cu_capture_count, 1, __ATOMIC_RELEASE);
}

static struct cu_capture *find(uint64_t id)
{
	struct cu_capture *c = captures;

	while (c && c->id != id)
		c = c->next;
	return c;
}

/* ---- what a capture forbids */

/* The legacy stream stands for all blocking streams, so also for those that capture. */
static bool legacy_conflict(const struct cu_capture *c, CUcontext ctx)
{
	for (CUstream s = c->members; s; s = s->next_captured)
		if (s->ctx == ctx && !(s->flags & CU_STREAM_NON_BLOCKING))
			return true;
	return false;
}

static CUresult barred(CUstream s)
{
	CUresult r = CUDA_SUCCESS;

	if (s->capture) {
		r = s->capture->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
		s->capture->invalid = true;
	}
	for (struct cu_capture *c = captures; c && s->kind == CU_STREAM_DEFAULT_LEGACY; c = c->next) {
		if (legacy_conflict(c, s->ctx)) {
			c->invalid = true;
			r = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
		}
	}
	return r;
}

CUresult cu_capture_barred(CUstream s)
{
	CUresult r;

	if (!cu_captures_active())
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	r = barred(s);
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_capture_barred_context(CUcontext ctx)
{
	CUresult r = CUDA_SUCCESS;

	if (!cu_captures_active())
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	for (struct cu_capture *c = captures; c; c = c->next) {
		for (CUstream s = c->members; s; s = s->next_captured) {
			if (s->ctx != ctx)
				continue;
			c->invalid = true;
			r = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
		}
	}
	pthread_mutex_unlock(&lock);
	return r;
}

/* Whether a capture makes unsafe calls of this thread an error (cuThreadExchangeStreamCaptureMode). */
static bool forbids(const struct cu_capture *c)
{
	if (thread_mode == CU_STREAM_CAPTURE_MODE_RELAXED || c->mode == CU_STREAM_CAPTURE_MODE_RELAXED)
		return false;
	if (pthread_equal(c->thread, pthread_self()))
		return true;
	return thread_mode == CU_STREAM_CAPTURE_MODE_GLOBAL && c->mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
}

CUresult cu_capture_unsafe(void)
{
	CUresult r = CUDA_SUCCESS;

	if (!cu_captures_active())
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	for (struct cu_capture *c = captures; c; c = c->next) {
		if (forbids(c)) {
			c->invalid = true;
			r = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
		}
	}
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_current_unsafe(CUcontext *ctx)
{
	CUresult r = cu_current(ctx);

	return r ? r : cu_capture_unsafe();
}

/* With the lock held, of an event that was recorded in a capture. */
static bool gone(CUevent e)
{
	struct cu_capture *c = find(e->capture_id);

	return !c || c->invalid;
}

bool cu_capture_event_gone(CUevent e)
{
	bool r;

	if (!__atomic_load_n(&e->capture_id, __ATOMIC_ACQUIRE))
		return false;
	pthread_mutex_lock(&lock);
	r = e->capture_id && gone(e);
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_capture_event_barred(CUevent e)
{
	CUresult r = CUDA_SUCCESS;

	if (!__atomic_load_n(&e->capture_id, __ATOMIC_ACQUIRE))
		return cu_capture_unsafe();
	pthread_mutex_lock(&lock);
	if (e->capture_id && gone(e)) {
		r = CUDA_ERROR_INVALID_VALUE;
	} else if (e->capture_id) {
		find(e->capture_id)->invalid = true;
		r = CUDA_ERROR_CAPTURED_EVENT;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

/* ---- what a capture takes in */

static CUresult add(CUstream s, CUgraphNode n)
{
	struct cu_capture *c = s->capture;
	struct cu_edge *in;
	CUresult r = CUDA_ERROR_OUT_OF_MEMORY;

	if (!c)
		return CUDA_ERROR_ILLEGAL_STATE; /* it ended meanwhile, in another thread */
	if (c->invalid)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	in = calloc(s->frontier.count + 1, sizeof(*in));
	if (!in)
		return r;
	for (size_t i = 0; i < s->frontier.count; i++)
		in[i].node = s->frontier.list[i];
	/* Room for the one that replaces all others. */
	if (frontier_add(&s->frontier, n)) {
		r = cu_graph_insert(c->graph, n, in, s->frontier.count - 1);
		s->frontier.list[0] = r ? s->frontier.list[0] : n;
		s->frontier.count = r ? s->frontier.count - 1 : 1;
	}
	if (r)
		c->invalid = true;
	free(in);
	return r;
}

CUresult cu_capture_add(CUstream s, enum cu_node_type type, struct cu_node_params *p, CUgraphNode *node)
{
	CUgraphNode n = cu_graph_node_new(type);
	CUresult r;

	if (!n) {
		cu_node_params_free(type, p);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	n->p = *p;
	pthread_mutex_lock(&lock);
	r = add(s, n);
	pthread_mutex_unlock(&lock);
	if (r)
		cu_graph_node_free(n);
	else if (node)
		*node = n;
	return r;
}

CUresult cu_capture_record(CUstream s, CUevent e)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	if (!s->capture) {
		r = CUDA_ERROR_ILLEGAL_STATE;
	} else if (s->capture->invalid) {
		r = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	} else {
		e->frontier.count = 0;
		if (frontier_add_all(&e->frontier, s->frontier.list, s->frontier.count)) {
			__atomic_store_n(&e->capture_id, s->capture->id, __ATOMIC_RELEASE);
		} else {
			s->capture->invalid = true;
			r = CUDA_ERROR_OUT_OF_MEMORY;
		}
	}
	pthread_mutex_unlock(&lock);
	return r;
}

void cu_capture_forget(CUevent e)
{
	if (!__atomic_load_n(&e->capture_id, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&lock);
	frontier_clear(&e->frontier);
	__atomic_store_n(&e->capture_id, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
}

/* A capturing stream waits for what runs: only by a node of its own, and that is the caller's work. */
static CUresult wait_outside(CUstream s, CUevent e)
{
	if (!e->recorded)
		return CUDA_SUCCESS; /* never recorded: nothing to wait for */
	s->capture->invalid = true;
	return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
}

/* Fork into a stream that did not capture, or join two that do. */
static CUresult wait_inside(CUstream s, CUevent e)
{
	struct cu_capture *c = find(e->capture_id);

	if (s->capture && c != s->capture) {
		s->capture->invalid = true;
		if (c)
			c->invalid = true;
		return CUDA_ERROR_STREAM_CAPTURE_MERGE;
	}
	if (!c || (c->invalid && !s->capture))
		return CUDA_ERROR_INVALID_VALUE;
	if (c->invalid)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	if (s->kind == CU_STREAM_DEFAULT_LEGACY) {
		c->invalid = true;
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	}
	if (!s->capture)
		join(c, s);
	if (frontier_add_all(&s->frontier, e->frontier.list, e->frontier.count))
		return CUDA_SUCCESS;
	c->invalid = true;
	return CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cu_capture_wait(CUstream s, CUevent e, bool external, bool *handled)
{
	CUresult r = CUDA_SUCCESS;

	*handled = false;
	if (!cu_captures_active() && !__atomic_load_n(&e->capture_id, __ATOMIC_ACQUIRE))
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	*handled = s->capture || e->capture_id;
	if (s->capture && s->capture->invalid)
		r = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	else if (external && s->capture)
		*handled = false;
	else if (e->capture_id)
		r = wait_inside(s, e);
	else if (s->capture)
		r = wait_outside(s, e);
	pthread_mutex_unlock(&lock);
	return r;
}

/* A stream that joined a capture may go before its end; what it did last must be joined all the same. */
void cu_capture_leave(CUstream s)
{
	struct cu_capture *c;

	if (!cu_stream_captures(s))
		return;
	pthread_mutex_lock(&lock);
	c = s->capture;
	if (c) {
		if (c->origin == s || !frontier_add_all(&c->left, s->frontier.list, s->frontier.count))
			c->invalid = true;
		leave(s);
		if (c->origin == s)
			finish(c);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- beginning and ending, as the API has them (capture_api.c) */

CUresult cu_capture_begin(CUstream s, CUgraph graph, const CUgraphNode *nodes, size_t count, int mode)
{
	struct cu_capture *c = calloc(1, sizeof(*c));
	CUresult r = CUDA_SUCCESS;

	if (!c)
		return CUDA_ERROR_OUT_OF_MEMORY;
	c->own = !graph;
	c->graph = graph ? graph : cu_graph_new();
	c->mode = mode;
	c->thread = pthread_self();
	c->origin = s;
	pthread_mutex_lock(&lock);
	if (s->capture)
		r = CUDA_ERROR_ILLEGAL_STATE;
	else if (!c->graph || !frontier_add_all(&s->frontier, nodes, count))
		r = CUDA_ERROR_OUT_OF_MEMORY;
	if (!r) {
		c->id = next_id++;
		c->graph->capturing++;
		c->next = captures;
		captures = c;
		__atomic_add_fetch(&cu_capture_count, 1, __ATOMIC_RELEASE);
		join(c, s);
	} else {
		if (c->own && c->graph)
			cu_graph_free(c->graph);
		if (!s->capture)
			frontier_clear(&s->frontier);
		free(c);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

static bool all_marked(const struct cu_frontier *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (!f->list[i]->mark)
			return false;
	return true;
}

/* Whether all that the capture's streams did last is before what its first stream did last. */
static bool joined(const struct cu_capture *c)
{
	struct cu_frontier work = { 0 };
	bool good = true;

	for (CUgraphNode n = c->graph->first; n; n = n->next)
		n->mark = 0;
	work.list = malloc((c->graph->count + 1) * sizeof(*work.list));
	if (!work.list)
		return false;
	for (size_t i = 0; i < c->origin->frontier.count; i++) {
		c->origin->frontier.list[i]->mark = 1;
		work.list[work.count++] = c->origin->frontier.list[i];
	}
	while (work.count) {
		CUgraphNode n = work.list[--work.count];

		for (size_t i = 0; i < n->in.count; i++) {
			if (n->in.list[i].node->mark)
				continue;
			n->in.list[i].node->mark = 1;
			work.list[work.count++] = n->in.list[i].node;
		}
	}
	for (CUstream s = c->members; s; s = s->next_captured)
		good &= all_marked(&s->frontier);
	good &= all_marked(&c->left);
	free(work.list);
	return good;
}

CUresult cu_capture_end(CUstream s, CUgraph *graph)
{
	struct cu_capture *c;
	CUresult r = CUDA_SUCCESS;

	*graph = NULL;
	pthread_mutex_lock(&lock);
	c = s->capture;
	if (!c) {
		r = CUDA_ERROR_ILLEGAL_STATE;
	} else if (c->origin != s) {
		c->invalid = true;
		r = CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
	} else {
		if (c->mode != CU_STREAM_CAPTURE_MODE_RELAXED && !pthread_equal(c->thread, pthread_self())) {
			c->invalid = true; /* it ends all the same */
			r = CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
		} else if (c->invalid) {
			r = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
		} else if (!joined(c)) {
			c->invalid = true;
			r = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
		} else {
			*graph = c->graph;
		}
		finish(c);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_capture_info(CUstream s, struct cu_capture_info *info)
{
	CUresult r = CUDA_SUCCESS;

	*info = (struct cu_capture_info){ .status = CU_STREAM_CAPTURE_STATUS_NONE };
	if (!cu_captures_active())
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	if (s->capture) {
		info->status =
			s->capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED : CU_STREAM_CAPTURE_STATUS_ACTIVE;
		info->id = s->capture->id;
		info->graph = s->capture->graph;
		info->nodes = s->frontier.list;
		info->count = s->frontier.count;
	}
	for (struct cu_capture *c = captures; c && s->kind == CU_STREAM_DEFAULT_LEGACY; c = c->next)
		if (legacy_conflict(c, s->ctx))
			r = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_capture_update(CUstream s, const CUgraphNode *nodes, size_t count, bool replace)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	if (!s->capture)
		r = CUDA_ERROR_ILLEGAL_STATE;
	else if (s->capture->invalid)
		r = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	for (size_t i = 0; i < count && !r; i++)
		if (cu_graph_node_get(nodes[i]) || nodes[i]->graph != s->capture->graph)
			r = CUDA_ERROR_INVALID_VALUE;
	if (!r && replace)
		s->frontier.count = 0;
	if (!r && !frontier_add_all(&s->frontier, nodes, count)) {
		s->capture->invalid = true;
		r = CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

int cu_capture_exchange_mode(int mode)
{
	int old = thread_mode;

	thread_mode = mode;
	return old;
}
