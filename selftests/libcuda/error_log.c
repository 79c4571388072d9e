// SPDX-License-Identifier: MIT
/* The log of errors: what is kept, dumped and told, from many threads, in callbacks and in a child. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"

enum { BUFFER = 32768, THREADS = 8, ROUNDS = 200 };

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* One error, whose name is in the log. */
static void fail(void)
{
	cuMemFree_v2(0x1234);
}

/* The lines from @it on */
static void test_file(unsigned int it)
{
	char path[] = "/tmp/error-log-XXXXXX";
	static char file[BUFFER];
	unsigned int at = it, later;
	FILE *f;

	close(mkstemp(path));
	cuLogsCurrent(&later, 0);
	ok(!cuLogsDumpToFile(&at, path, 0) && at == later, "into a file");
	f = fopen(path, "r");
	if (!f)
		exit(1);
	file[fread(file, 1, BUFFER - 1, f)] = '\0';
	fclose(f);
	unlink(path);
	ok(lines(file) == later - it, "the same lines");
}

static void test_dump(void)
{
	static char buffer[BUFFER];
	size_t size = BUFFER, half;
	unsigned int it, at;

	ok(cuLogsCurrent(NULL, 0) == CUDA_ERROR_INVALID_VALUE && !cuLogsCurrent(&it, 0), "where the log is");
	at = it;
	ok(!cuLogsDumpToMemory(&at, buffer, &size, 0) && !size && !*buffer && at == it, "nothing since");
	fail();
	cuDeviceGetCount(NULL);
	size = BUFFER;
	ok(!cuLogsDumpToMemory(&at, buffer, &size, 0) && at == it + 2 && lines(buffer) == 2 && size == strlen(buffer) &&
	   strstr(buffer, "[CUDA][E] cuMemFree_v2 returned 1 (CUDA_ERROR_INVALID_VALUE)\n") &&
	   strstr(buffer, "cuDeviceGetCount"), "two errors, oldest first, and the iterator moves on");
	size = BUFFER;
	ok(!cuLogsDumpToMemory(&at, buffer, &size, 0) && !size, "not twice");
	at = it;
	size = half = strlen("[00:00:00.000][140000000000000][CUDA][E] cuMemFree_v2 returned 1 (CUDA_ERROR_INVALID_VALUE)") + 60;
	memset(buffer, 'x', BUFFER);
	ok(!cuLogsDumpToMemory(&at, buffer, &size, 0) && size < half && strlen(buffer) == size && lines(buffer) == 2 &&
	   strstr(buffer, "do not fit") && strstr(buffer, "cuDeviceGetCount") && buffer[half] == 'x',
	   "the newest of them in a small buffer, and nothing past it");
	at = it;
	size = 10;
	ok(cuLogsDumpToMemory(&at, buffer, &size, 0) == CUDA_ERROR_INVALID_VALUE && !size && at == it, "none fits");
	at = it + 100000;
	size = BUFFER;
	ok(cuLogsDumpToMemory(&at, buffer, &size, 0) == CUDA_ERROR_INVALID_VALUE && !size, "past the end");
	ok(cuLogsDumpToMemory(&at, NULL, &size, 0) && cuLogsDumpToMemory(&at, buffer, NULL, 0) &&
	   cuLogsDumpToFile(&at, NULL, 0) && cuLogsDumpToFile(NULL, "/nosuch/log", 0), "nowhere to");
	test_file(it);
	for (int i = 0; i < 1000; i++)
		fail();
	at = it;
	size = BUFFER;
	ok(!cuLogsDumpToMemory(&at, buffer, &size, 0) && lines(buffer) == 101 && !strncmp(buffer, "Older messages were", 19),
	   "a hundred are kept, and it says so");
	size = BUFFER;
	ok(!cuLogsDumpToMemory(NULL, buffer, &size, 0) && lines(buffer) == 100, "all there are");
}

static struct CUlogsCallbackEntry_st *own;
static int told, told_other;

static void count(void *data, int level, char *message, size_t length)
{
	if (!level && strlen(message) == length && strstr(message, "cuMemFree_v2 returned 1") == message)
		__atomic_fetch_add((int *)data, 1, __ATOMIC_RELAXED);
}

/* A callback that fails itself, and then goes. */
static void once(void *data, int level, char *message, size_t length)
{
	fail();
	count(data, level, message, length);
	cuLogsUnregisterCallback(own);
}

static void test_callbacks(void)
{
	struct CUlogsCallbackEntry_st *h;

	ok(cuLogsRegisterCallback(NULL, NULL, &h) == CUDA_ERROR_INVALID_VALUE, "no function");
	ok(!cuLogsRegisterCallback(count, &told_other, &h) && !cuLogsRegisterCallback(once, &told, &own), "two callbacks");
	fail();
	ok(told == 1 && told_other == 1, "both are told of an error, not of what fails in them");
	fail();
	ok(told == 1 && told_other == 2, "one has gone");
	ok(!cuLogsUnregisterCallback(h), "the other goes");
	fail();
	ok(told == 1 && told_other == 2, "nobody is told");
	ok(cuLogsUnregisterCallback(h) == CUDA_ERROR_INVALID_VALUE, "it goes once");
}

static void *hammer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct CUlogsCallbackEntry_st *h;
		char buffer[4096];
		size_t size = sizeof(buffer);
		int own_count = 0;

		cuLogsRegisterCallback(count, &own_count, &h);
		fail();
		cuLogsDumpToMemory(NULL, buffer, &size, 0);
		cuLogsUnregisterCallback(h);
	}
	return unused;
}

static void test_threads(void)
{
	pthread_t t[THREADS];
	int status = -1;
	pid_t child;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, hammer, NULL);
	child = fork();
	if (!child) {
		fail();
		_exit(0);
	}
	ok(child > 0 && waitpid(child, &status, 0) == child && !status, "a child fails while all others do");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(1, "eight threads that fail, listen and leave");
}

int main(void)
{
	CUcontext ctx;

	alarm(60);
	if (cuInit(0) || cuCtxCreate_v2(&ctx, 0, 0))
		return 1;
	test_dump();
	test_callbacks();
	test_threads();
	cuCtxDestroy_v2(ctx);
	return tap_done();
}
