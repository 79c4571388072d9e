// SPDX-License-Identifier: MIT
/*
 * Advice on managed memory, and prefetching.  Both sides reach the memory where
 * it is, so that nothing has to be done about it; what was said is kept by
 * page and told to who asks.
 */
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "memory.h"
#include "stream.h"

enum {
	SET_READ_MOSTLY = 1,
	UNSET_READ_MOSTLY,
	SET_PREFERRED_LOCATION,
	UNSET_PREFERRED_LOCATION,
	SET_ACCESSED_BY,
	UNSET_ACCESSED_BY,
};

enum {
	READ_MOSTLY = 1,
	PREFERRED_LOCATION,
	ACCESSED_BY,
	LAST_PREFETCH_LOCATION,
	PREFERRED_LOCATION_TYPE,
	PREFERRED_LOCATION_ID,
	LAST_PREFETCH_LOCATION_TYPE,
	LAST_PREFETCH_LOCATION_ID,
};

/* How the older attributes say where. */
enum { ON_CPU = -1, NOWHERE = -2 };

/* What was said of a range; ranges do not overlap. */
struct advice {
	struct advice *next;
	uint64_t start, end;
	bool read_mostly;
	CUmemLocation preferred, prefetched;
	uint64_t devices; /* accessed by, a bit each */
	bool cpu;         /* accessed by the CPU */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct advice *all;

static CUresult managed_range(CUdeviceptr p, size_t length)
{
	struct cu_mem m;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!length || !cu_mem_find(p, &m) || m.kind != CU_MEM_MANAGED || length > m.base + m.span - p)
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static CUresult check_location(CUmemLocation where)
{
	struct cu_device *d;

	switch (where.type) {
	case CU_MEM_LOCATION_TYPE_DEVICE:
		return cu_device_get(where.id, &d);
	case CU_MEM_LOCATION_TYPE_HOST:
	case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
		return CUDA_SUCCESS;
	case CU_MEM_LOCATION_TYPE_HOST_NUMA:
		return where.id < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

/* The forms that name a device mean the CPU by -1. */
static CUmemLocation location_of(CUdevice device)
{
	return device == ON_CPU ? (CUmemLocation){ CU_MEM_LOCATION_TYPE_HOST, 0 } :
				  (CUmemLocation){ CU_MEM_LOCATION_TYPE_DEVICE, device };
}

/* ---- ranges; the lock is held */

static struct advice *insert(struct advice **at, const struct advice *like, uint64_t start, uint64_t end)
{
	struct advice *a = malloc(sizeof(*a));

	if (!a)
		return NULL;
	*a = *like;
	a->start = start;
	a->end = end;
	a->next = *at;
	*at = a;
	return a;
}

/* Make [start, end) consist of whole ranges, which are in order of address. */
static bool cover(uint64_t start, uint64_t end)
{
	static const struct advice nothing = { 0 };
	struct advice **at = &all;

	while (*at && (*at)->end <= start)
		at = &(*at)->next;
	if (*at && (*at)->start < start) {
		if (!insert(&(*at)->next, *at, start, (*at)->end))
			return false;
		(*at)->end = start;
		at = &(*at)->next;
	}
	while (start < end) {
		uint64_t gap_end = *at && (*at)->start < end ? (*at)->start : end;

		if (start < gap_end) {
			if (!insert(at, &nothing, start, gap_end))
				return false;
		} else if ((*at)->end > end) {
			if (!insert(&(*at)->next, *at, end, (*at)->end))
				return false;
			(*at)->end = end;
		}
		start = (*at)->end;
		at = &(*at)->next;
	}
	return true;
}

void cu_managed_gone(const struct cu_mem *m)
{
	struct advice **at = &all;

	pthread_mutex_lock(&lock);
	while (*at) {
		struct advice *a = *at;

		if (a->start < m->base || a->start >= m->base + m->span) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		free(a);
	}
	pthread_mutex_unlock(&lock);
}

static void apply(struct advice *a, int advice, CUmemLocation where)
{
	bool device = where.type == CU_MEM_LOCATION_TYPE_DEVICE;

	switch (advice) {
	case SET_READ_MOSTLY:
	case UNSET_READ_MOSTLY:
		a->read_mostly = advice == SET_READ_MOSTLY;
		break;
	case SET_PREFERRED_LOCATION:
		a->preferred = where;
		break;
	case UNSET_PREFERRED_LOCATION:
		a->preferred = (CUmemLocation){ 0 };
		break;
	case SET_ACCESSED_BY:
		a->devices |= device ? 1ull << where.id : 0;
		a->cpu |= !device;
		break;
	case UNSET_ACCESSED_BY:
		a->devices &= device ? ~(1ull << where.id) : ~0ull;
		a->cpu &= device;
		break;
	default:
		a->prefetched = where;
	}
}

enum { PREFETCH = 100 };

/* advice, or PREFETCH; whole pages. */
static CUresult say(CUdeviceptr p, size_t length, int advice, CUmemLocation where)
{
	uint64_t start = p & ~(VGPU_PAGE_SIZE - 1), end = (p + length + VGPU_PAGE_SIZE - 1) & ~(VGPU_PAGE_SIZE - 1);
	bool needs = advice == SET_PREFERRED_LOCATION || advice >= SET_ACCESSED_BY;
	CUresult r = managed_range(p, length);

	if (!r && needs)
		r = check_location(where);
	if (r)
		return r;
	pthread_mutex_lock(&lock);
	if (!cover(start, end))
		r = CUDA_ERROR_OUT_OF_MEMORY;
	for (struct advice *a = all; a && !r; a = a->next)
		if (a->start >= start && a->end <= end)
			apply(a, advice, where);
	pthread_mutex_unlock(&lock);
	return r;
}

CUDA_API(cuMemAdvise, CU_ARGS(CUdeviceptr p, size_t length, int advice, CUdevice device),
	 CU_ARGS(p, length, advice, device))
{
	return advice < SET_READ_MOSTLY || advice > UNSET_ACCESSED_BY ? CUDA_ERROR_INVALID_VALUE :
									say(p, length, advice, location_of(device));
}

CUDA_API(cuMemAdvise_v2, CU_ARGS(CUdeviceptr p, size_t length, int advice, CUmemLocation location),
	 CU_ARGS(p, length, advice, location))
{
	return advice < SET_READ_MOSTLY || advice > UNSET_ACCESSED_BY ? CUDA_ERROR_INVALID_VALUE :
									say(p, length, advice, location);
}

/* A stream in which a call that does nothing may be made. */
static CUresult in_stream(CUstream stream)
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	return r ? r : cu_capture_barred(s);
}

CUDA_API_STREAM(cuMemPrefetchAsync, CU_ARGS(CUdeviceptr p, size_t length, CUdevice device, CUstream stream),
		CU_ARGS(p, length, device, stream))
{
	CUresult r = in_stream(stream);

	return r ? r : say(p, length, PREFETCH, location_of(device));
}

CUDA_API_STREAM(cuMemPrefetchAsync_v2,
		CU_ARGS(CUdeviceptr p, size_t length, CUmemLocation location, unsigned int flags, CUstream stream),
		CU_ARGS(p, length, location, flags, stream))
{
	CUresult r = in_stream(stream);

	if (!r && flags)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : say(p, length, PREFETCH, location);
}

/* ---- batches: location k is for the ranges from indices[k] to the next one's */

#define PREFETCH_BATCH                                                                                               \
	CUdeviceptr *p, size_t *lengths, size_t count, CUmemLocation *locations, size_t *indices, size_t nlocations, \
		unsigned long long flags, CUstream stream

static CUresult prefetch_batch(PREFETCH_BATCH)
{
	CUresult r = in_stream(stream);

	if (!r && (!p || !lengths || !count || !locations || !indices || !nlocations || nlocations > count ||
		   indices[0] || flags))
		r = CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0, k = 0; i < count && !r; i++) {
		while (k + 1 < nlocations && indices[k + 1] <= i)
			k++;
		r = say(p[i], lengths[i], PREFETCH, locations[k]);
	}
	return r;
}

CUDA_API_STREAM(cuMemPrefetchBatchAsync, CU_ARGS(PREFETCH_BATCH),
		CU_ARGS(p, lengths, count, locations, indices, nlocations, flags, stream))
{
	return prefetch_batch(p, lengths, count, locations, indices, nlocations, flags, stream);
}

/* What is discarded may keep what it held. */
CUDA_API_STREAM(cuMemDiscardAndPrefetchBatchAsync, CU_ARGS(PREFETCH_BATCH),
		CU_ARGS(p, lengths, count, locations, indices, nlocations, flags, stream))
{
	return prefetch_batch(p, lengths, count, locations, indices, nlocations, flags, stream);
}

CUDA_API_STREAM(cuMemDiscardBatchAsync,
		CU_ARGS(CUdeviceptr *p, size_t *lengths, size_t count, unsigned long long flags, CUstream stream),
		CU_ARGS(p, lengths, count, flags, stream))
{
	CUresult r = in_stream(stream);

	if (!r && (!p || !lengths || !count || flags))
		r = CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && !r; i++)
		r = managed_range(p[i], lengths[i]);
	return r;
}

/* ---- questions: what all pages of a range have in common */

static bool same_place(CUmemLocation a, CUmemLocation b)
{
	return a.type == b.type && a.id == b.id;
}

static void intersect(struct advice *sum, const struct advice *a)
{
	sum->read_mostly &= a->read_mostly;
	sum->devices &= a->devices;
	sum->cpu &= a->cpu;
	if (!same_place(sum->preferred, a->preferred))
		sum->preferred = (CUmemLocation){ 0 };
	if (!same_place(sum->prefetched, a->prefetched))
		sum->prefetched = (CUmemLocation){ 0 };
}

static struct advice common(uint64_t start, uint64_t end)
{
	struct advice sum = { 0 };
	uint64_t at = start;

	for (struct advice *a = all; a && at < end; a = a->next) {
		if (a->end <= at)
			continue;
		if (a->start > at)
			break; /* a page of which nothing was said */
		if (at == start)
			sum = *a;
		else
			intersect(&sum, a);
		at = a->end;
	}
	return at < end ? (struct advice){ 0 } : sum;
}

static int place(CUmemLocation where)
{
	return where.type == CU_MEM_LOCATION_TYPE_INVALID ? NOWHERE :
	       where.type == CU_MEM_LOCATION_TYPE_DEVICE  ? where.id :
							    ON_CPU;
}

/* A list of devices, filled up with NOWHERE. */
static CUresult put_accessed_by(int *out, size_t size, const struct advice *a)
{
	size_t n = size / sizeof(*out), k = 0;

	if (!n || size % sizeof(*out))
		return CUDA_ERROR_INVALID_VALUE;
	if (a->cpu)
		out[k++] = ON_CPU;
	for (int i = 0; i < VGPU_MAX_DEVICES && k < n; i++)
		if (a->devices >> i & 1)
			out[k++] = i;
	while (k < n)
		out[k++] = NOWHERE;
	return CUDA_SUCCESS;
}

static CUresult put(int *out, size_t size, int attribute, const struct advice *a)
{
	if (attribute == ACCESSED_BY)
		return put_accessed_by(out, size, a);
	if (size != sizeof(*out))
		return CUDA_ERROR_INVALID_VALUE;
	switch (attribute) {
	case READ_MOSTLY:
		*out = a->read_mostly;
		return CUDA_SUCCESS;
	case PREFERRED_LOCATION:
		*out = place(a->preferred);
		return CUDA_SUCCESS;
	case LAST_PREFETCH_LOCATION:
		*out = place(a->prefetched);
		return CUDA_SUCCESS;
	case PREFERRED_LOCATION_TYPE:
		*out = a->preferred.type;
		return CUDA_SUCCESS;
	case PREFERRED_LOCATION_ID:
		*out = a->preferred.id;
		return CUDA_SUCCESS;
	case LAST_PREFETCH_LOCATION_TYPE:
		*out = a->prefetched.type;
		return CUDA_SUCCESS;
	case LAST_PREFETCH_LOCATION_ID:
		*out = a->prefetched.id;
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

static CUresult ask(void **data, const size_t *sizes, const int *attributes, size_t count, CUdeviceptr p, size_t length)
{
	struct advice a;
	CUresult r = managed_range(p, length);

	if (r)
		return r;
	pthread_mutex_lock(&lock);
	a = common(p & ~(VGPU_PAGE_SIZE - 1), p + length);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < count && !r; i++)
		r = data[i] ? put(data[i], sizes[i], attributes[i], &a) : CUDA_ERROR_INVALID_VALUE;
	return r;
}

CUDA_API(cuMemRangeGetAttribute, CU_ARGS(void *data, size_t size, int attribute, CUdeviceptr p, size_t length),
	 CU_ARGS(data, size, attribute, p, length))
{
	return ask(&data, &size, &attribute, 1, p, length);
}

CUDA_API(cuMemRangeGetAttributes,
	 CU_ARGS(void **data, size_t *sizes, int *attributes, size_t count, CUdeviceptr p, size_t length),
	 CU_ARGS(data, sizes, attributes, count, p, length))
{
	if (!data || !sizes || !attributes || !count)
		return CUDA_ERROR_INVALID_VALUE;
	return ask(data, sizes, attributes, count, p, length);
}
