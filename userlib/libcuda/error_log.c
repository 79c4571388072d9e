// SPDX-License-Identifier: MIT
/*
 * The log of errors (CUDA driver API, "Error Log Management"): the last calls
 * that failed and why, to be read later or told to callbacks.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "api.h"
#include "error.h"
#include "error_log.h"

enum { MESSAGES = 100, MESSAGE = 256, LEVEL_ERROR = 0 };

typedef void (*callback_fn)(void *data, int level, char *message, size_t length);

/* A callback; what is gone stays listed while any thread walks the list. */
struct CUlogsCallbackEntry_st {
	struct CUlogsCallbackEntry_st *next;
	callback_fn fn;
	void *data;
	unsigned int running;
	bool gone;
};

/* A line as it is dumped, where in it the text begins, and whether a callback's own call failed. */
struct message {
	char line[MESSAGE];
	unsigned short length, text;
	bool of_callback;
};

bool cu_log_untold;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct message ring[MESSAGES];
static unsigned int written, told; /* messages so far; they wrap, differences do not */
static struct CUlogsCallbackEntry_st *callbacks;
static unsigned int walkers;
/* The callback this thread is in: what fails in it is logged and told to nobody. */
static __thread struct CUlogsCallbackEntry_st *inside;

void cu_log_add(const char *fmt, va_list ap)
{
	struct timespec now;
	struct message *m;
	int n, second;

	/* UTC: localtime_r() has a lock that a child of a fork may find taken for ever. */
	clock_gettime(CLOCK_REALTIME, &now);
	second = now.tv_sec % 86400;
	pthread_mutex_lock(&lock);
	m = &ring[written++ % MESSAGES];
	m->of_callback = inside;
	m->text = snprintf(m->line, MESSAGE, "[%02d:%02d:%02d.%03ld][%lu][CUDA][E] ", second / 3600, second / 60 % 60,
			   second % 60, now.tv_nsec / 1000000, (unsigned long)pthread_self());
	n = vsnprintf(m->line + m->text, MESSAGE - m->text, fmt, ap);
	m->length = m->text + n < MESSAGE - 1 ? m->text + n : MESSAGE - 2;
	m->line[m->length++] = '\n';
	__atomic_store_n(&cu_log_untold, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
}

static void add(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cu_log_add(fmt, ap);
	va_end(ap);
}

/* Free what is gone, when nobody walks the list; the lock is held. */
static void sweep(void)
{
	struct CUlogsCallbackEntry_st **at = &callbacks, *e;

	while (!walkers && (e = *at)) {
		if (e->gone) {
			*at = e->next;
			free(e);
		} else {
			at = &e->next;
		}
	}
}

/* One message to every callback; the lock is held, but not while one runs. */
static void tell(const struct message *m)
{
	for (struct CUlogsCallbackEntry_st *e = callbacks; e; e = e->next) {
		char text[MESSAGE];
		size_t n = m->length - m->text - 1;

		if (e->gone)
			continue;
		memcpy(text, m->line + m->text, n);
		text[n] = '\0';
		e->running++;
		pthread_mutex_unlock(&lock);
		inside = e;
		e->fn(e->data, LEVEL_ERROR, text, n);
		inside = NULL;
		pthread_mutex_lock(&lock);
		e->running--;
		pthread_cond_broadcast(&left);
	}
}

/* At the end of a call, where the caller's thread holds none of the library's locks. */
void cu_log_end(const char *name, CUresult result)
{
	const char *text;

	if (result == CUDA_ERROR_NOT_READY && !__atomic_load_n(&cu_log_untold, __ATOMIC_RELAXED))
		return;
	text = cu_error_name(result);
	if (result && result != CUDA_ERROR_NOT_READY)
		add("%s returned %d (%s)", name, result, text ? text : "?");
	if (inside)
		return;
	pthread_mutex_lock(&lock);
	walkers++;
	if (written - told > MESSAGES)
		told = written - MESSAGES;
	while (told != written) {
		struct message m = ring[told++ % MESSAGES];

		if (!m.of_callback)
			tell(&m);
		if (written - told > MESSAGES)
			told = written - MESSAGES;
	}
	__atomic_store_n(&cu_log_untold, false, __ATOMIC_RELAXED);
	walkers--;
	sweep();
	pthread_mutex_unlock(&lock);
}

/* In a child: its one thread has the log to itself, wherever the other threads were in it. */
void cu_log_forked(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&left, NULL);
	walkers = 0;
	for (struct CUlogsCallbackEntry_st *e = callbacks; e; e = e->next)
		e->running = 0;
}

CUDA_API(cuLogsRegisterCallback, CU_ARGS(callback_fn fn, void *data, struct CUlogsCallbackEntry_st **handle),
	 CU_ARGS(fn, data, handle))
{
	struct CUlogsCallbackEntry_st *e, **at = &callbacks;

	if (!fn)
		return CUDA_ERROR_INVALID_VALUE;
	e = calloc(1, sizeof(*e));
	if (!e)
		return CUDA_ERROR_OUT_OF_MEMORY;
	e->fn = fn;
	e->data = data;
	pthread_mutex_lock(&lock);
	if (!callbacks)
		told = written; /* what came before it is not told */
	while (*at)
		at = &(*at)->next;
	*at = e;
	pthread_mutex_unlock(&lock);
	if (handle)
		*handle = e;
	return CUDA_SUCCESS;
}

/* After it the callback does not run, unless it is itself the caller. */
CUDA_API(cuLogsUnregisterCallback, CU_ARGS(struct CUlogsCallbackEntry_st *handle), CU_ARGS(handle))
{
	struct CUlogsCallbackEntry_st *e;

	pthread_mutex_lock(&lock);
	for (e = callbacks; e && (e != handle || e->gone); e = e->next)
		;
	if (e) {
		e->gone = true;
		walkers++;
		while (e->running > (inside == e))
			pthread_cond_wait(&left, &lock);
		walkers--;
		sweep();
	}
	pthread_mutex_unlock(&lock);
	return e ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUDA_API(cuLogsCurrent, CU_ARGS(unsigned int *iterator, unsigned int flags), CU_ARGS(iterator, flags))
{
	(void)flags; /* a card takes any */
	if (!iterator)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	*iterator = written;
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

/* The messages from an iterator (NULL: from the oldest) as lines. The caller frees *lines. */
struct dump {
	struct message *lines;
	unsigned int count, end;
	bool lost;
};

static CUresult dump_from(const unsigned int *iterator, struct dump *d)
{
	unsigned int kept, n;

	*d = (struct dump){ .lines = malloc(sizeof(ring)) };
	if (!d->lines)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&lock);
	kept = written < MESSAGES ? written : MESSAGES;
	n = iterator ? written - *iterator : kept;
	d->lost = n > kept;
	d->count = d->lost ? kept : n;
	d->end = written;
	for (unsigned int i = 0; i < d->count; i++)
		d->lines[i] = ring[(written - d->count + i) % MESSAGES];
	pthread_mutex_unlock(&lock);
	if (n <= INT32_MAX)
		return CUDA_SUCCESS;
	free(d->lines);
	return CUDA_ERROR_INVALID_VALUE; /* an iterator past the end */
}

static const char lost_line[] = "Older messages were overwritten.\n";
static const char short_line[] = "Older messages do not fit.\n";

CUDA_API(cuLogsDumpToFile, CU_ARGS(unsigned int *iterator, const char *path, unsigned int flags),
	 CU_ARGS(iterator, path, flags))
{
	struct dump d;
	CUresult r;
	FILE *f;

	(void)flags;
	if (!path)
		return CUDA_ERROR_INVALID_VALUE;
	r = dump_from(iterator, &d);
	if (r)
		return r;
	f = fopen(path, "we");
	if (f) {
		if (d.lost)
			fputs(lost_line, f);
		for (unsigned int i = 0; i < d.count; i++)
			fwrite(d.lines[i].line, d.lines[i].length, 1, f);
	}
	free(d.lines);
	if (!f || fclose(f))
		return CUDA_ERROR_INVALID_VALUE;
	if (iterator)
		*iterator = d.end;
	return CUDA_SUCCESS;
}

/* The first of the newest messages that fit together into so many bytes. */
static unsigned int first_that_fits(const struct dump *d, size_t bytes)
{
	unsigned int i = d->count;

	while (i && d->lines[i - 1].length <= bytes)
		bytes -= d->lines[--i].length;
	return i;
}

CUDA_API(cuLogsDumpToMemory, CU_ARGS(unsigned int *iterator, char *buffer, size_t *size, unsigned int flags),
	 CU_ARGS(iterator, buffer, size, flags))
{
	const char *head = NULL;
	unsigned int first;
	struct dump d;
	size_t n = 0, bytes;
	CUresult r;

	(void)flags;
	if (!buffer || !size || !*size)
		return CUDA_ERROR_INVALID_VALUE;
	bytes = *size - 1;
	*size = 0;
	r = dump_from(iterator, &d);
	if (r)
		return r;
	head = d.lost ? lost_line : NULL;
	first = head && strlen(head) > bytes ? 1 : first_that_fits(&d, bytes - (head ? strlen(head) : 0));
	if (first) {
		head = short_line;
		first = strlen(head) > bytes ? d.count : first_that_fits(&d, bytes - strlen(head));
	}
	if (d.count && first == d.count) {
		free(d.lines);
		return CUDA_ERROR_INVALID_VALUE; /* not even the last one fits */
	}
	if (head)
		n = stpcpy(buffer, head) - buffer;
	for (; first < d.count; n += d.lines[first++].length)
		memcpy(buffer + n, d.lines[first].line, d.lines[first].length);
	buffer[n] = '\0';
	free(d.lines);
	*size = n;
	if (iterator)
		*iterator = d.end;
	return CUDA_SUCCESS;
}
