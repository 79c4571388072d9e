// SPDX-License-Identifier: MIT
/*
 * What packets still use when it is freed or its owner is destroyed: memory
 * that is freed in stream order, a stream's or an executable graph's workspace,
 * an interprocess event's page.  Nobody waits for the device: it is let go
 * when somebody looks after the packets are done.
 */
#include <stdlib.h>
#include "retire.h"

struct cu_retired {
	struct cu_retired *next;
	CUcontext owner;
	uint64_t packet;
	cu_release *release;
	void *data;
};

/**
 * struct line - what belongs to one context and waits for one queue, oldest first
 * @queue: of @user; NULL: it waits for nothing
 * @last: the newest
 * @next: in the list of all
 * @owner: the context
 * @user: the context whose queue it is
 * @first: the oldest
 */
struct line {
	struct line *next;
	CUcontext owner, user;
	struct cu_queue *queue;
	struct cu_retired *first, *last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct line *all; /* none is empty */

static bool done(const struct line *l)
{
	return cu_point_done((struct cu_point){ l->queue, l->first->packet });
}

/* Take those of an owner that are done, or all of them; lock held.  Looks at what it takes and once at each line. */
static struct cu_retired *take(CUcontext owner, bool done_or_not)
{
	struct cu_retired *taken = NULL;
	struct line **at = &all;

	while (*at) {
		struct line *l = *at;

		while (l->owner == owner && l->first && (done_or_not || done(l))) {
			struct cu_retired *r = l->first;

			l->first = r->next;
			r->next = taken;
			taken = r;
		}
		if (l->first) {
			at = &l->next;
			continue;
		}
		__atomic_store_n(at, l->next, __ATOMIC_RELAXED);
		free(l);
	}
	return taken;
}

/* Put it behind what waits for the same queue; false without memory for a line.  Lock held. */
static bool put(struct cu_retired *r, CUcontext user, struct cu_queue *queue)
{
	struct line *l = all;

	while (l && (l->owner != r->owner || l->user != user || l->queue != queue))
		l = l->next;
	if (!l) {
		l = malloc(sizeof(*l));
		if (!l)
			return false;
		*l = (struct line){
			.next = all, .owner = r->owner, .user = user, .queue = queue, .first = r, .last = r
		};
		__atomic_store_n(&all, l, __ATOMIC_RELAXED);
		return true;
	}
	/* of two threads the one with the newer point may be first */
	if (r->packet < l->last->packet)
		r->packet = l->last->packet;
	l->last->next = r;
	l->last = r;
	return true;
}

static bool release_all(struct cu_retired *list)
{
	bool any = list;

	while (list) {
		struct cu_retired *r = list;

		list = r->next;
		r->release(r->owner, r->data);
		free(r);
	}
	return any;
}

bool cu_retired_free(CUcontext owner)
{
	struct cu_retired *list;

	if (!__atomic_load_n(&all, __ATOMIC_RELAXED))
		return false;
	pthread_mutex_lock(&lock);
	list = take(owner, false);
	pthread_mutex_unlock(&lock);
	return release_all(list);
}

bool cu_retired_wait(CUcontext owner)
{
	bool any = false;

	for (;;) {
		struct cu_point p = { 0 };

		pthread_mutex_lock(&lock);
		for (struct line *l = all; l && !p.queue; l = l->next)
			if (l->owner == owner && l->user == owner &&
			    !cu_point_done((struct cu_point){ l->queue, l->last->packet }))
				p = (struct cu_point){ l->queue, l->last->packet };
		pthread_mutex_unlock(&lock);
		if (!p.queue)
			return any | cu_retired_free(owner);
		if (cu_point_wait(owner, p))
			return any;
		any = true; /* who waits for a point releases, too */
	}
}

void cu_retire(CUcontext owner, CUcontext user, struct cu_point p, cu_release *release, void *data)
{
	struct cu_retired *r = malloc(sizeof(*r));
	bool kept = false;

	if (r) {
		*r = (struct cu_retired){ .owner = owner, .packet = p.packet, .release = release, .data = data };
		pthread_mutex_lock(&lock);
		kept = put(r, user, p.queue);
		pthread_mutex_unlock(&lock);
	}
	if (!kept) {
		free(r);
		cu_point_wait(user, p);
		release(owner, data);
		return;
	}
	cu_retired_free(owner);
}

static void release_memory(CUcontext owner, void *m)
{
	(void)owner;
	cu_mem_free(m);
}

void cu_retire_memory(struct cu_mem *m, CUcontext user, struct cu_point p)
{
	cu_retire(m->ctx, user, p, release_memory, m);
}

void cu_retired_context_gone(CUcontext ctx)
{
	struct cu_retired *own;

	pthread_mutex_lock(&lock);
	own = take(ctx, true);
	for (struct line *l = all; l; l = l->next)
		if (l->user == ctx)
			l->queue = NULL;
	pthread_mutex_unlock(&lock);
	release_all(own);
}
