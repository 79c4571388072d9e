// SPDX-License-Identifier: MIT
/*
 * What the library says about itself: the call trace (VGPU_TRACE=1, or a file
 * name), refusals, and reasons.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "api.h"
#include "error.h"
#include "error_log.h"

bool cu_tracing;
static int trace_fd = -1;
static bool log_quiet, with_times;

uint64_t cu_trace_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* One write a line, so that lines of several threads and processes stay whole. */
static void put_line(int fd, const char *prefix, const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s", prefix);
	int m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);

	if (m < 0)
		return;
	n += m;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(fd, line, n) < 0)
		return;
}

void cu_trace(const char *fmt, ...)
{
	char prefix[64] = "vgpu:   ";
	va_list ap;

	if (!cu_tracing)
		return;
	if (with_times)
		snprintf(prefix, sizeof(prefix), "vgpu: @%llu:%d   ", (unsigned long long)cu_trace_now(), getpid());
	va_start(ap, fmt);
	put_line(trace_fd, prefix, fmt, ap);
	va_end(ap);
}

static void trace_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(trace_fd, "vgpu: ", fmt, ap);
	va_end(ap);
}

void cu_trace_call(const char *name, CUresult result, uint64_t start_ns)
{
	const char *text = cu_error_name(result);
	uint64_t now = cu_trace_now();
	char when[48] = "";

	if (with_times)
		snprintf(when, sizeof(when), "@%llu:%d ", (unsigned long long)now, getpid());
	trace_line("%s[%d] %s = %s (%llu us)", when, gettid(), name, text ? text : "?",
		   (unsigned long long)(now - start_ns) / 1000);
}

void cu_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cu_log_add(fmt, ap);
	va_end(ap);
	if (log_quiet)
		return;
	va_start(ap, fmt);
	put_line(trace_fd >= 0 ? trace_fd : STDERR_FILENO, "vgpu: ", fmt, ap);
	va_end(ap);
}

/* Names refused so far; a name is compared by its address, each is a literal. */
CUresult cu_refuse(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static const char *seen[1024];
	static unsigned int count;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < count && seen[i] != name; i++)
		;
	if (i == count && count < 1024)
		seen[count++] = name;
	else if (i < count)
		name = NULL;
	pthread_mutex_unlock(&lock);
	if (name)
		cu_log("%s is not implemented: CUDA_ERROR_NOT_SUPPORTED", name);
	return CUDA_ERROR_NOT_SUPPORTED;
}

/* In a program with the rights of another user the caller's environment is not asked: a trace is a file of any name. */
void cu_trace_init(void)
{
	const char *trace = secure_getenv("VGPU_TRACE");
	const char *log = secure_getenv("VGPU_LOG");

	log_quiet = log && !strcmp(log, "0");
	if (!trace || !*trace || !strcmp(trace, "0"))
		return;
	if (!strcmp(trace, "1"))
		trace_fd = STDERR_FILENO;
	else
		trace_fd = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	cu_tracing = trace_fd >= 0;
	with_times = secure_getenv("VGPU_TRACE_TIMES");
}
