// SPDX-License-Identifier: MIT
/*
 * Memory of the library that packets still use when its owner, a stream or an
 * executable graph, is destroyed: destroying these does not wait for the device.
 */
#include <stdlib.h>
#include "retire.h"

/* Memory, and when it is free. */
struct cu_retired {
	struct cu_retired *next;
	struct cu_mem *m;
	struct cu_point point;
};

void cu_retired_free(CUcontext ctx)
{
	struct cu_retired *done = NULL, **at = &ctx->retired;

	pthread_mutex_lock(&ctx->lock);
	while (*at) {
		struct cu_retired *r = *at;

		if (!cu_point_done(r->point)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		r->next = done;
		done = r;
	}
	pthread_mutex_unlock(&ctx->lock);
	while (done) {
		struct cu_retired *r = done;

		done = r->next;
		cu_mem_free(r->m);
		free(r);
	}
}

void cu_retire(CUcontext ctx, struct cu_mem *m, struct cu_point p)
{
	struct cu_retired *r = malloc(sizeof(*r));

	if (!r) {
		cu_point_wait(ctx, p);
		cu_mem_free(m);
		return;
	}
	*r = (struct cu_retired){ .m = m, .point = p };
	pthread_mutex_lock(&ctx->lock);
	r->next = ctx->retired;
	ctx->retired = r;
	pthread_mutex_unlock(&ctx->lock);
	cu_retired_free(ctx);
}

void cu_retired_forget(CUcontext ctx)
{
	while (ctx->retired) {
		struct cu_retired *r = ctx->retired;

		ctx->retired = r->next;
		free(r);
	}
}
