// SPDX-License-Identifier: MIT
/*
 * Peer access: a context sees another's memory at the same address.  Both
 * contexts have a buffer of their own for the one memory; every device's memory
 * is the machine's, so that all devices reach each other's.
 */
#include <stdlib.h>
#include <unistd.h>
#include "peer.h"
#include "stream.h"

/* One context may reach the memory of another. */
struct access {
	struct access *next;
	CUcontext from, to;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct access *accesses;

CUresult cu_peer_map(struct cu_mem *m, CUcontext ctx, bool readonly)
{
	const struct vgpu_dev *dev = &ctx->dev->dev;
	struct cu_registration *g = calloc(1, sizeof(*g));
	uint64_t length;
	int fd, err;

	if (!g)
		return CUDA_ERROR_OUT_OF_MEMORY;
	err = vgpu_bo_share_fd(&m->ctx->dev->dev, m->bo, &fd);
	if (!err) {
		err = vgpu_bo_open_fd(dev, ctx->handle, fd, &g->handle, &length, NULL);
		close(fd);
	}
	if (!err) {
		err = vgpu_va_map(dev, g->handle, m->offset, m->span, m->base, readonly ? VGPU_VA_READONLY : 0);
		if (err)
			vgpu_destroy(dev, g->handle);
	}
	if (err) {
		free(g);
		return cu_check(ctx, err);
	}
	g->ctx = ctx;
	g->next = m->registrations;
	m->registrations = g;
	return CUDA_SUCCESS;
}

/* With the lock held. */
static struct access **find(CUcontext from, CUcontext to)
{
	struct access **at = &accesses;

	while (*at && ((*at)->from != from || (*at)->to != to))
		at = &(*at)->next;
	return at;
}

CUresult cu_peer_new_memory(struct cu_mem *m)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	for (struct access *a = accesses; a && !r; a = a->next)
		if (a->to == m->ctx)
			r = cu_mem_show_one(m, a->from, false);
	pthread_mutex_unlock(&lock);
	return r;
}

void cu_peer_context_gone(CUcontext ctx)
{
	pthread_mutex_lock(&lock);
	for (struct access **at = &accesses; *at;) {
		struct access *a = *at;

		if (a->from != ctx && a->to != ctx) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		free(a);
	}
	pthread_mutex_unlock(&lock);
}

/* The two contexts of a call: the current one and the peer. */
static CUresult both(CUcontext *ctx, CUcontext peer)
{
	CUresult r = cu_current(ctx);

	if (r)
		return r;
	return cu_context_alive(peer) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUDA_API(cuCtxEnablePeerAccess, CU_ARGS(CUcontext peer, unsigned int flags), CU_ARGS(peer, flags))
{
	struct access *a;
	CUcontext ctx;
	CUresult r = both(&ctx, peer);

	if (!r && flags)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r && peer == ctx)
		r = CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
	if (r)
		return r;
	a = calloc(1, sizeof(*a));
	if (!a)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*a = (struct access){ .from = ctx, .to = peer };
	pthread_mutex_lock(&lock);
	if (*find(ctx, peer)) {
		r = CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
		free(a);
	} else {
		a->next = accesses;
		accesses = a;
		r = cu_mem_show(peer, ctx);
		if (r) {
			accesses = a->next;
			free(a);
		}
	}
	pthread_mutex_unlock(&lock);
	return r;
}

CUDA_API(cuCtxDisablePeerAccess, CU_ARGS(CUcontext peer), CU_ARGS(peer))
{
	struct access **at, *a;
	CUcontext ctx;
	CUresult r = both(&ctx, peer);

	if (r)
		return r;
	cu_streams_synchronize(ctx);
	pthread_mutex_lock(&lock);
	at = find(ctx, peer);
	a = *at;
	if (a) {
		*at = a->next;
		free(a);
		cu_mem_hide(peer, ctx);
	}
	pthread_mutex_unlock(&lock);
	return a ? CUDA_SUCCESS : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
}
