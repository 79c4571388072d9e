// SPDX-License-Identifier: MIT
/*
 * Host functions in a stream.
 *
 * In the ring a host function is two packets: raise fence "ready", wait for
 * fence "ran".  A thread of the stream waits for the one, calls, and raises
 * the other.  Each stream has its own thread, made with its first host
 * function, so that one function that waits for another stream blocks no more
 * than its own.  The thread of a stream that is destroyed runs what is queued
 * and ends; it is let go when it has, at the latest with its context.
 */
#include <signal.h>
#include <stdlib.h>
#include "callback.h"
#include "capture.h"

struct item {
	struct item *next;
	uint64_t number;
	CUhostFn fn;
	CUstreamCallback callback;
	CUstream stream;
	void *data;
};

struct cu_callbacks {
	CUcontext ctx;
	const struct vgpu_dev *dev;
	uint32_t ready, ran;
	uint64_t count;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct item *first, **last;
	bool closing, finished;
	pthread_t thread;
	struct cu_point end;       /* of the stream, once that is destroyed */
	struct cu_callbacks *next; /* among those of destroyed streams */
};

/* The next item, or NULL when the stream is gone. */
static struct item *next_item(struct cu_callbacks *c)
{
	struct item *i;

	pthread_mutex_lock(&c->lock);
	while (!c->first && !c->closing)
		pthread_cond_wait(&c->more, &c->lock);
	i = c->first;
	if (i) {
		c->first = i->next;
		if (!c->first)
			c->last = &c->first;
	}
	pthread_mutex_unlock(&c->lock);
	return i;
}

/* After an error only stream callbacks are called, to be told of it. */
static void run_item(struct cu_callbacks *c, struct item *i)
{
	int err = vgpu_wait(c->dev, c->ready, i->number, VGPU_WAIT_FOREVER);

	if (i->callback)
		i->callback(i->stream, err ? cu_check(c->ctx, err) : CUDA_SUCCESS, i->data);
	else if (!err)
		i->fn(i->data);
	vgpu_fence_signal(c->dev, c->ran, i->number);
	free(i);
}

static void *callback_thread(void *arg)
{
	struct cu_callbacks *c = arg;
	struct item *i;

	while ((i = next_item(c)))
		run_item(c, i);
	__atomic_store_n(&c->finished, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Its thread is at its end, or will be. */
static void free_callbacks(struct cu_callbacks *c)
{
	pthread_join(c->thread, NULL);
	vgpu_destroy(c->dev, c->ready);
	vgpu_destroy(c->dev, c->ran);
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Let go what destroyed streams have left and nobody waits for: not the thread, nor a packet. */
static void free_finished(CUcontext ctx)
{
	struct cu_callbacks **at = &ctx->closed_callbacks;

	while (*at) {
		struct cu_callbacks *c = *at;

		if (!__atomic_load_n(&c->finished, __ATOMIC_ACQUIRE) || !(cu_point_done(c->end) || ctx->error)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free_callbacks(c);
	}
}

static CUresult callbacks_new(CUstream s)
{
	struct cu_callbacks *c = calloc(1, sizeof(*c));
	const struct vgpu_dev *dev = &s->ctx->dev->dev;
	sigset_t all, old;
	int r;

	if (!c)
		return CUDA_ERROR_OUT_OF_MEMORY;
	free_finished(s->ctx);
	c->ctx = s->ctx;
	c->dev = dev;
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	r = vgpu_fence_create(dev, s->ctx->handle, 0, &c->ready);
	if (!r)
		r = vgpu_fence_create(dev, s->ctx->handle, 0, &c->ran);
	if (r) {
		free(c);
		return cu_check(s->ctx, r);
	}
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&c->thread, NULL, callback_thread, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		free(c);
		return CUDA_ERROR_OPERATING_SYSTEM;
	}
	s->callbacks = c;
	return CUDA_SUCCESS;
}

static void enqueue(struct cu_callbacks *c, struct item *i)
{
	pthread_mutex_lock(&c->lock);
	*c->last = i;
	c->last = &i->next;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
}

static CUresult submit_pair(CUstream s, uint64_t number)
{
	struct vgpu_pkt_fence p = {
		.hdr = { .type = VGPU_PKT_SIGNAL, .slots = 1 },
		.handle = s->callbacks->ready,
		.value = number,
	};
	CUresult r = cu_submit(s, &p);

	if (r)
		return r;
	p.hdr.type = VGPU_PKT_WAIT;
	p.handle = s->callbacks->ran;
	return cu_submit(s, &p);
}

CUresult cu_callback_submit(CUstream s, CUstream handle, CUhostFn fn, CUstreamCallback callback, void *data)
{
	struct item *i = calloc(1, sizeof(*i));
	CUresult r = CUDA_SUCCESS;

	if (!i)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (!s->callbacks)
		r = callbacks_new(s);
	if (!r) {
		i->number = ++s->callbacks->count;
		i->fn = fn;
		i->callback = callback;
		i->stream = handle;
		i->data = data;
		r = submit_pair(s, i->number);
	}
	if (!r)
		enqueue(s->callbacks, i);
	else
		free(i);
	return r;
}

/* A callback wants to know the stream's state, so that it cannot be captured. */
static CUresult capture(CUstream s, CUhostFn fn, void *data)
{
	struct cu_node_params p;
	CUresult r;

	if (!fn)
		return cu_capture_barred(s);
	r = cu_node_host_from(&p, &(CUDA_HOST_NODE_PARAMS){ fn, data });
	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_HOST, &p, NULL);
}

CUresult cu_callback_add(CUstream handle, CUhostFn fn, CUstreamCallback callback, void *data)
{
	CUstream s;
	CUresult r;

	if (cu_capture_of(handle, &s))
		return capture(s, fn, data);
	r = cu_submit_begin(handle, &s);
	if (r)
		return r;
	r = cu_callback_submit(s, handle, fn, callback, data);
	cu_submit_end(s);
	return r;
}

void cu_callbacks_close(struct cu_callbacks *c, struct cu_point end)
{
	if (!c)
		return;
	free_finished(c->ctx);
	c->end = end;
	c->next = c->ctx->closed_callbacks;
	c->ctx->closed_callbacks = c;
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
}

/* From such a thread itself (a callback that destroys its context) nobody waits for it. */
void cu_callbacks_destroy(CUcontext ctx)
{
	while (ctx->closed_callbacks) {
		struct cu_callbacks *c = ctx->closed_callbacks;

		ctx->closed_callbacks = c->next;
		if (pthread_equal(c->thread, pthread_self()))
			pthread_detach(c->thread);
		else
			free_callbacks(c);
	}
}
