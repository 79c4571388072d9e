/* SPDX-License-Identifier: MIT */
/* Host functions in a stream. */
#ifndef VGPU_CALLBACK_H
#define VGPU_CALLBACK_H

#include "stream.h"

struct cu_callbacks;

/* Append a host function; one of the two is NULL. */
CUresult cu_callback_add(CUstream handle, CUhostFn fn, CUstreamCallback callback, void *data);
/* The same between the begin and the end of a submission; handle is what the callback is told. */
CUresult cu_callback_submit(CUstream s, CUstream handle, CUhostFn fn, CUstreamCallback callback, void *data);
/*
 * The stream is destroyed: let the thread end once it has run what is queued,
 * and wait neither for it nor for the stream's last packet.  The context's lock
 * is held; NULL is fine.
 */
void cu_callbacks_close(struct cu_callbacks *c, struct cu_point end);
/* The context ends: wait for the threads of its destroyed streams. */
void cu_callbacks_destroy(CUcontext ctx);

#endif
