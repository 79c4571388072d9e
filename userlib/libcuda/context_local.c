// SPDX-License-Identifier: MIT
/* Values that runtimes attach to a context, and their destructors. */
#include <stdlib.h>
#include "context.h"

struct cu_local {
	struct cu_local *next;
	void *key, *value;
	cu_local_destroy destroy;
};

static struct cu_local **find(CUcontext ctx, void *key)
{
	struct cu_local **l = &ctx->locals;

	while (*l && (*l)->key != key)
		l = &(*l)->next;
	return l;
}

CUresult cu_local_put(CUcontext ctx, void *key, void *value, cu_local_destroy destroy)
{
	CUresult r = CUDA_SUCCESS;
	struct cu_local **l;

	pthread_mutex_lock(&ctx->lock);
	l = find(ctx, key);
	if (!*l)
		*l = calloc(1, sizeof(**l));
	if (*l) {
		(*l)->key = key;
		(*l)->value = value;
		(*l)->destroy = destroy;
	} else {
		r = CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

CUresult cu_local_get(CUcontext ctx, void *key, void **value)
{
	struct cu_local **l;

	pthread_mutex_lock(&ctx->lock);
	l = find(ctx, key);
	*value = *l ? (*l)->value : NULL;
	pthread_mutex_unlock(&ctx->lock);
	return *l ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cu_local_delete(CUcontext ctx, void *key)
{
	struct cu_local **l, *found;

	pthread_mutex_lock(&ctx->lock);
	l = find(ctx, key);
	found = *l;
	if (found)
		*l = found->next;
	pthread_mutex_unlock(&ctx->lock);
	free(found);
	return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

/* The destructors may call back into the library: no lock is held. */
void cu_local_destroy_all(CUcontext ctx)
{
	for (;;) {
		struct cu_local *l;

		pthread_mutex_lock(&ctx->lock);
		l = ctx->locals;
		if (l)
			ctx->locals = l->next;
		pthread_mutex_unlock(&ctx->lock);
		if (!l)
			return;
		if (l->destroy)
			l->destroy(ctx, l->key, l->value);
		free(l);
	}
}
