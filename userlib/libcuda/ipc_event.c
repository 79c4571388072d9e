// SPDX-License-Identifier: MIT
/*
 * Events of several processes.  All of them map one page: a count of the records made,
 * and slots into which streams write a record's number when they have
 * come that far.  Record n has slot n modulo the slots; a slot that holds
 * a later number tells that n is long done.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ipc.h"
#include "ipc_abi.h"

enum { SLOTS = 1000 };

struct page {
	uint32_t records;
	uint32_t slots[SLOTS];
};

struct cu_ipc_event {
	struct cu_shared memory;
	uint32_t ours; /* the newest record that this process made */
};

static struct page *page_of(const struct cu_ipc_event *e)
{
	return e->memory.p;
}

static uint32_t newest(const struct cu_ipc_event *e)
{
	return __atomic_load_n(&page_of(e)->records, __ATOMIC_ACQUIRE);
}

static uint32_t *slot_of(const struct cu_ipc_event *e, uint32_t record)
{
	return &page_of(e)->slots[record % SLOTS];
}

CUresult cu_ipc_event_new(CUcontext ctx, struct cu_ipc_event **out)
{
	struct cu_ipc_event *e = calloc(1, sizeof(*e));
	CUresult r = e ? cu_shared_new(ctx, sizeof(struct page), &e->memory) : CUDA_ERROR_OUT_OF_MEMORY;

	if (r)
		free(e);
	else
		*out = e;
	return r;
}

void cu_ipc_event_free(CUcontext ctx, struct cu_ipc_event *e)
{
	cu_shared_free(ctx, &e->memory);
	free(e);
}

CUresult cu_ipc_event_submit(struct cu_ipc_event *e, CUstream s)
{
	struct vgpu_pkt_fill packet = {
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.width = 1,
		.height = 1,
		.unit = 4,
	};

	e->ours = __atomic_add_fetch(&page_of(e)->records, 1, __ATOMIC_ACQ_REL);
	packet.dst = (uintptr_t)slot_of(e, e->ours);
	packet.value = e->ours;
	return cu_submit(s, &packet);
}

bool cu_ipc_event_is_ours(const struct cu_ipc_event *e)
{
	return newest(e) == e->ours;
}

bool cu_ipc_event_done(const struct cu_ipc_event *e)
{
	uint32_t n = newest(e);

	return !n || (int32_t)(__atomic_load_n(slot_of(e, n), __ATOMIC_ACQUIRE) - n) >= 0;
}

CUresult cu_ipc_event_wait(const struct cu_ipc_event *e, CUstream s)
{
	uint32_t n = newest(e);
	struct vgpu_pkt_wait_value packet = {
		.hdr = { .type = VGPU_PKT_WAIT_VALUE, .slots = 1 },
		.src = (uintptr_t)slot_of(e, n),
		.value = n,
		.unit = 4,
		.condition = VGPU_WAIT_GEQ,
	};

	return n ? cu_submit(s, &packet) : CUDA_SUCCESS;
}

/* Another process gives no sign of its own: look again, ever less often. */
CUresult cu_ipc_event_sleep(const struct cu_ipc_event *e, CUcontext ctx)
{
	struct timespec pause = { 0, 10000 };

	while (!cu_ipc_event_done(e)) {
		CUresult r = cu_context_health(ctx);

		if (r)
			return r;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 1000000)
			pause.tv_nsec += pause.tv_nsec / 2;
	}
	return CUDA_SUCCESS;
}

CUDA_API(cuIpcGetEventHandle, CU_ARGS(CUipcEventHandle *handle, CUevent event), CU_ARGS(handle, event))
{
	struct cu_ipc_name name = { .magic = CU_IPC_EVENT };
	CUresult r = cu_event_get(event);
	int err;

	if (r)
		return r;
	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	if (!event->ipc)
		return CUDA_ERROR_INVALID_HANDLE;
	err = vgpu_bo_share_token(&event->ctx->dev->dev, event->ipc->memory.bo, name.token);
	if (err)
		return cu_check(event->ctx, err);
	memset(handle, 0, sizeof(*handle));
	memcpy(handle, &name, sizeof(name));
	return CUDA_SUCCESS;
}

CUDA_API(cuIpcOpenEventHandle, CU_ARGS(CUevent *event, CUipcEventHandle handle), CU_ARGS(event, handle))
{
	struct cu_ipc_event *e;
	struct cu_ipc_name name;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	memcpy(&name, &handle, sizeof(name));
	if (!event || name.magic != CU_IPC_EVENT)
		return CUDA_ERROR_INVALID_VALUE;
	e = calloc(1, sizeof(*e));
	if (!e)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_shared_open(ctx, name.token, &e->memory);
	if (!r)
		r = cu_event_open(ctx, e, event);
	if (r) {
		if (e->memory.p)
			cu_shared_free(ctx, &e->memory);
		free(e);
	}
	return r;
}
