// SPDX-License-Identifier: MIT
/*
 * Attributes of streams: kept, handed out and copied as a card does.  The
 * priority counts from the next call on (stream.c); the others are hints, or
 * weaken an order that is never weakened here.
 */
#include <string.h>
#include "stream.h"
#include "stream_api.h"

/* What a card refuses of each; a priority out of range becomes the nearest one. */
static bool allowed(int attribute, const CUlaunchAttributeValue *v)
{
	switch (attribute) {
	case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
		return v->window.hit_ratio >= 0 && v->window.hit_ratio <= 1 &&
		       v->window.miss != CU_ACCESS_PROPERTY_PERSISTING;
	case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
		return v->sync_policy >= CU_SYNC_POLICY_AUTO && v->sync_policy <= CU_SYNC_POLICY_BLOCKING_SYNC;
	case CU_LAUNCH_ATTRIBUTE_PRIORITY:
		return true;
	case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
		return v->domains.of_default < CU_MEM_SYNC_DOMAINS && v->domains.of_remote < CU_MEM_SYNC_DOMAINS;
	case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
		return v->domain == CU_MEM_SYNC_DEFAULT || v->domain == CU_MEM_SYNC_REMOTE;
	default:
		return false;
	}
}

/* Where a hint is kept, and how much of the union it is; NULL: there is no such hint. */
static void *hint(CUstream s, int attribute, size_t *size)
{
	switch (attribute) {
	case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
		*size = sizeof(s->hints.window);
		return &s->hints.window;
	case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
		*size = sizeof(s->hints.sync_policy);
		return &s->hints.sync_policy;
	case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
		*size = sizeof(s->hints.domains);
		return &s->hints.domains;
	case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
		*size = sizeof(s->hints.domain);
		return &s->hints.domain;
	default:
		return NULL;
	}
}

/* What is allowed; the context's lock is held. */
static void set(CUstream s, int attribute, const CUlaunchAttributeValue *v)
{
	size_t size;
	void *kept = hint(s, attribute, &size);

	if (kept)
		memcpy(kept, v, size);
	else
		cu_stream_set_priority(s, v->priority);
}

/* No more of the union is written than the attribute has.  Whether there is such an attribute. */
static bool get(CUstream s, int attribute, CUlaunchAttributeValue *v)
{
	size_t size;
	const void *kept = hint(s, attribute, &size);

	if (kept)
		memcpy(v, kept, size);
	else if (attribute == CU_LAUNCH_ATTRIBUTE_PRIORITY)
		v->priority = cu_stream_priority(s);
	else
		return false;
	return true;
}

STREAM_FIRST(cuStreamSetAttribute, CU_ARGS(CUstream stream, int attribute, const CUlaunchAttributeValue *value),
	     CU_ARGS(stream, attribute, value), CU_ARGS(CU_PTSZ(stream), attribute, value))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (r)
		return r;
	if (!value || !allowed(attribute, value))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&s->ctx->lock);
	set(s, attribute, value);
	pthread_mutex_unlock(&s->ctx->lock);
	return CUDA_SUCCESS;
}

STREAM_FIRST(cuStreamGetAttribute, CU_ARGS(CUstream stream, int attribute, CUlaunchAttributeValue *value),
	     CU_ARGS(stream, attribute, value), CU_ARGS(CU_PTSZ(stream), attribute, value))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);
	bool known;

	if (r)
		return r;
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&s->ctx->lock);
	known = get(s, attribute, value);
	pthread_mutex_unlock(&s->ctx->lock);
	return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CU_EXPORT CUresult cuStreamCopyAttributes_ptsz(CUstream to, CUstream from);

static CUresult copy_attributes(CUstream to, CUstream from)
{
	struct cu_stream_hints hints;
	CUstream t, f;
	CUresult r = cu_stream_get(to, &t);
	int priority;

	if (!r)
		r = cu_stream_get(from, &f);
	if (r)
		return r;
	/* One after the other: streams of two contexts have two locks. */
	pthread_mutex_lock(&f->ctx->lock);
	hints = f->hints;
	priority = cu_stream_priority(f);
	pthread_mutex_unlock(&f->ctx->lock);
	pthread_mutex_lock(&t->ctx->lock);
	t->hints = hints;
	cu_stream_set_priority(t, priority);
	pthread_mutex_unlock(&t->ctx->lock);
	return CUDA_SUCCESS;
}

CUDA_API(cuStreamCopyAttributes, CU_ARGS(CUstream to, CUstream from), CU_ARGS(to, from))
{
	return copy_attributes(to, from);
}

CUresult cuStreamCopyAttributes_ptsz(CUstream to, CUstream from)
{
	return CU_CALL("cuStreamCopyAttributes_ptsz", copy_attributes(CU_PTSZ(to), CU_PTSZ(from)));
}
