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
	CUcontext owner, user;
	struct cu_point point;
	cu_release *release;
	void *data;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cu_retired *all;

/* Take those of an owner off the list that are done, or all of them; lock held. */
static struct cu_retired *take(CUcontext owner, bool done_or_not)
{
	struct cu_retired *taken = NULL, **at = &all;

	while (*at) {
		struct cu_retired *r = *at;

		if (r->owner != owner || !(done_or_not || cu_point_done(r->point))) {
			at = &r->next;
			continue;
		}
		__atomic_store_n(at, r->next, __ATOMIC_RELAXED);
		r->next = taken;
		taken = r;
	}
	return taken;
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
	struct cu_retired *done;

	if (!__atomic_load_n(&all, __ATOMIC_RELAXED))
		return false;
	pthread_mutex_lock(&lock);
	done = take(owner, false);
	pthread_mutex_unlock(&lock);
	return release_all(done);
}

bool cu_retired_wait(CUcontext owner)
{
	bool any = false;

	for (;;) {
		struct cu_point p = { 0 };

		pthread_mutex_lock(&lock);
		for (struct cu_retired *r = all; r && !p.queue; r = r->next)
			if (r->owner == owner && r->user == owner && !cu_point_done(r->point))
				p = r->point;
		pthread_mutex_unlock(&lock);
		if (!p.queue)
			return any | cu_retired_free(owner);
		if (cu_point_wait(owner, p))
			return any;
		any = true;	/* who waits for a point releases, too */
	}
}

void cu_retire(CUcontext owner, CUcontext user, struct cu_point p, cu_release *release, void *data)
{
	struct cu_retired *r = malloc(sizeof(*r));

	if (!r) {
		cu_point_wait(user, p);
		release(owner, data);
		return;
	}
	*r = (struct cu_retired){ .owner = owner, .user = user, .point = p, .release = release, .data = data };
	pthread_mutex_lock(&lock);
	r->next = all;
	__atomic_store_n(&all, r, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
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
	for (struct cu_retired *r = all; r; r = r->next)
		if (r->user == ctx)
			r->point.queue = NULL;
	pthread_mutex_unlock(&lock);
	release_all(own);
}
