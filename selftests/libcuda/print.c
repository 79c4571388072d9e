// SPDX-License-Identifier: MIT
/*
 * What kernels print, when a kernel has written there what it likes: formats, arguments and records are made up at random,
 * and libcuda reads no byte that is not theirs. The address sanitizer watches: arguments are allocated to the byte, and
 * what lies behind the buffer's records is poisoned.
 */
#define _GNU_SOURCE
#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include "../../userlib/compiler/launch.h"
#include "../../userlib/libcuda/print.h"
#include "../compiler/tap.h"
#include "cuda.h"
#include "line.h"

enum { FORMATS = 200000, ROUNDS = 3000, STEPPED = 20, STEPS = 5000, RECORDS = 20, GUARD = 16384,
       CONVERSION_MAX = 11000 /* bytes that one prints: a width or precision of 9,999, and the digits of a double */ };

static uint64_t state = 1;

static uint32_t any(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

/* What sizes and addresses go wrong with. */
static uint64_t number(void)
{
	static const uint64_t odd[] = {
		0, 1, 7, 8, 16, 24, 4095, 4096, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff, 1ull << 47, 1ull << 63, ~7ull, ~0ull,
	};

	return any(2) ? odd[any(sizeof(odd) / sizeof(*odd))] : (uint64_t)any(1u << 31) << any(33);
}

/* ---- formats */

/* Of any length, up to some. */
static char *long_string(void *data, uint64_t address)
{
	size_t length = address % 5000;
	char *text = malloc(length + 1);

	(void)data;
	if (!text)
		return NULL;
	memset(text, 'a' + address % 26, length);
	text[length] = 0;
	return text;
}

static void random_format(char *f, size_t size)
{
	static const char letters[] = "%%%%%%**..0123456789-+ #hhlljztLdiouxXcaAeEfFgGsspnSCmq$'ab";

	for (size_t i = 0; i < size - 1; i++)
		f[i] = letters[any(sizeof(letters) - 1)];
	f[size - 1] = 0;
}

/* One line; whether it is no longer than its conversions may be. */
static bool format_once(void)
{
	size_t format_size = 1 + any(40), args_size = any(10) * 4, length;
	char *format = malloc(format_size), *line;
	uint8_t *args = malloc(args_size ? args_size : 1);

	if (!format || !args)
		exit(1);
	random_format(format, format_size);
	for (size_t i = 0; i + 4 <= args_size; i += 4) {
		uint32_t v = number();

		memcpy(args + i, &v, sizeof(v));
	}
	line = line_of(format, args, args_size, long_string, &length);
	free(line);
	free(format);
	free(args);
	return length < format_size * CONVERSION_MAX;
}

/* Whether it is so many characters, the last two as wanted. */
static bool is_line(const char *format, const int *args, size_t length, const char *end)
{
	size_t got;
	char *line = line_of(format, args, 8, long_string, &got);
	bool same = got == length && !strcmp(line + length - strlen(end), end);

	if (!same)
		printf("# %zu characters: %.20s...\n", got, line);
	free(line);
	return same;
}

static void test_formats(void)
{
	int least = -0x7fffffff - 1, most = 0x7fffffff;
	uint64_t where[2] = { (uintptr_t)&least, (uintptr_t)&most };
	bool fine = true;
	size_t length;
	char *line;

	ok(is_line("%*d|", (int[]){ least, 5 }, 10000, "  |"), "the least width there is");
	ok(is_line("%*d|", (int[]){ most, 5 }, 10000, " 5|"), "the greatest");
	ok(is_line("%.*d|", (int[]){ most, 5 }, 10000, "05|"), "the greatest precision");
	ok(is_line("%.*d|", (int[]){ least, 5 }, 2, "5|"), "the least: none");
	line = line_of("a%nb%hhnc", where, sizeof(where), long_string, &length);
	ok(!strcmp(line, "abc") && most == 0x7fffffff, "nothing is written through an argument");
	free(line);
	for (int i = 0; i < FORMATS && fine; i++)
		fine = format_once();
	ok(fine, "%d formats and arguments", FORMATS);
}

/* ---- records */

static CUcontext ctx;
static struct vgpucc_fifo *fifo;
static size_t capacity;
static CUdeviceptr text;	/* formats and strings of the device */

enum { TEXT_SIZE = 8192 };

/* Half of it formats that end, and no end in the rest. */
static void put_text(void)
{
	static char t[TEXT_SIZE];

	random_format(t, sizeof(t));
	for (int i = 0; i < TEXT_SIZE / 2; i += 1 + any(60))
		t[i] = 0;
	t[TEXT_SIZE - 1] = '%';
	cuMemcpyHtoD_v2(text, t, TEXT_SIZE);
}

static uint64_t address(void)
{
	return any(8) ? text + any(TEXT_SIZE) : number();
}

/* A record that a kernel may have made, but for what it says; returns its bytes. */
static size_t put_record(unsigned char *at)
{
	struct vgpucc_record *r = (void *)at;
	struct vgpucc_assert a = {
		.file = address(), .function = address(), .line = number(), .block = { 1, 2, 3 }, .thread = { 4, 5, 6 },
	};
	uint64_t v;

	r->ready = any(4) ? VGPUCC_RECORD_PRINTF : VGPUCC_RECORD_ASSERT;
	r->format = address();
	if (r->ready == VGPUCC_RECORD_ASSERT) {
		r->size = sizeof(*r) + sizeof(a);
		memcpy(r->args, &a, sizeof(a));
		return r->size;
	}
	r->size = sizeof(*r) + 8 * any(8);
	for (uint32_t i = sizeof(*r); i < r->size; i += 8) {
		v = any(2) ? address() : number();
		memcpy(at + i, &v, sizeof(v));
	}
	return r->size;
}

/* What the records print on the two outputs goes to a file. */
static FILE *output;
static int saved[2];

static void divert(bool on)
{
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		dup2(on ? fileno(output) : saved[i], STDOUT_FILENO + i);
}

/* Read by libcuda, while what lies behind the first @end bytes is nobody's. */
static CUresult flush(size_t end)
{
	size_t from = (end + 7) & ~(size_t)7, guard = capacity - from < GUARD ? capacity - from : GUARD;
	CUresult r;

	ASAN_POISON_MEMORY_REGION(fifo->data + from, guard);
	r = cuCtxSynchronize();
	ASAN_UNPOISON_MEMORY_REGION(fifo->data + from, guard);
	return r;
}

static size_t put_records(void)
{
	size_t at = 0;

	for (int i = 0; i < RECORDS; i++)
		at += put_record(fifo->data + at);
	return at;
}

static void change(size_t end)
{
	uint64_t v;

	for (uint32_t n = any(6); n; n--) {
		v = number();
		if (any(2))
			memcpy(fifo->data + (any(end - 8) & ~3u), &v, any(2) ? 4 : 8);
		else
			fifo->data[any(end)] ^= 1 << any(8);
	}
}

static CUresult mutated(void)
{
	size_t end = put_records();

	change(end);
	if (any(3) == 0)
		end = any(end);
	__atomic_store_n(&fifo->tail, any(20) ? end : number(), __ATOMIC_RELEASE);
	return flush(fifo->tail < capacity ? fifo->tail : capacity);
}

#define TRAP_FLAG	0x100

static volatile uint32_t *stepped;
static int steps;

/* After each instruction of libcuda's, the record may have another size; not for ever, where that leads to a report. */
static void step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)sig;
	(void)info;
	*stepped = any(2) ? sizeof(struct vgpucc_record) + 8 : 0xfff8;
	if (++steps >= STEPS)
		u->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

/* The space is what this function may use below the stack. */
static void step_through(bool on)
{
	if (on)
		__asm__ volatile("sub $128, %%rsp\n\tpushfq\n\torq %0, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp"
				 :: "i"(TRAP_FLAG) : "memory", "cc");
	else
		__asm__ volatile("sub $128, %%rsp\n\tpushfq\n\tandq %0, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp"
				 :: "i"(~TRAP_FLAG) : "memory", "cc");
}

/* A record whose size is not the same each time that it is looked at: once it must be. */
static CUresult changed_meanwhile(void)
{
	struct vgpucc_record *r = (void *)fifo->data;
	size_t end = sizeof(*r) + 8;
	struct sigaction act = { .sa_sigaction = step, .sa_flags = SA_SIGINFO };
	CUdeviceptr format = text + 4096 - 12;		/* no more is read than is left of the page */
	CUresult rc = cuMemcpyHtoD_v2(format, "%x%x%x%x", 9);

	stepped = &r->size;
	sigaction(SIGTRAP, &act, NULL);
	for (int i = 0; i < STEPPED && !rc; i++) {
		*r = (struct vgpucc_record){ .size = end, .ready = VGPUCC_RECORD_PRINTF, .format = format };
		fifo->tail = end;
		steps = 0;
		ASAN_POISON_MEMORY_REGION(fifo->data + end, GUARD);
		step_through(true);
		rc = cuCtxSynchronize();
		step_through(false);
		ASAN_UNPOISON_MEMORY_REGION(fifo->data + end, GUARD);
	}
	signal(SIGTRAP, SIG_DFL);
	return rc;
}

/* The next record, a good one, is printed whole and alone. */
static bool still_prints(void)
{
	struct vgpucc_record *r = (void *)fifo->data;
	char line[64] = "";
	long before;

	cuMemcpyHtoD_v2(text, "%d of %s\n", 10);
	cuMemcpyHtoD_v2(text + 100, "them", 5);
	*r = (struct vgpucc_record){ .size = sizeof(*r) + 16, .ready = VGPUCC_RECORD_PRINTF, .format = text };
	memcpy(r->args, (uint64_t[]){ 42, text + 100 }, 16);
	fflush(stdout);
	before = lseek(fileno(output), 0, SEEK_END);
	divert(true);
	__atomic_store_n(&fifo->tail, r->size, __ATOMIC_RELEASE);
	flush(r->size);
	divert(false);
	return pread(fileno(output), line, sizeof(line) - 1, before) > 0 && !strcmp(line, "42 of them\n");
}

static void test_records(void)
{
	CUresult r = CUDA_SUCCESS;
	uint64_t where;

	if (cuMemAlloc_v2(&text, TEXT_SIZE) || cu_print_address(ctx, &where))
		exit(1);
	fifo = (void *)(uintptr_t)where;
	capacity = fifo->size;
	ok(still_prints(), "a record");
	divert(true);
	for (int i = 0; i < ROUNDS && !r; i++) {
		if (i % 50 == 0)
			put_text();
		r = mutated();
	}
	divert(false);
	ok(!r && still_prints(), "%d buffers with records that were changed, then a record", ROUNDS);
	divert(true);
	r = changed_meanwhile();
	divert(false);
	ok(!r && still_prints(), "a record that changes while it is read");
}

int main(void)
{
	alarm(300);
	output = tmpfile();
	for (int i = 0; i < 2; i++)
		saved[i] = dup(STDOUT_FILENO + i);
	__sanitizer_set_report_fd((void *)(intptr_t)saved[1]);
	if (!output || cuInit(0) || cuCtxCreate_v2(&ctx, 0, 0))
		return 1;
	test_formats();
	test_records();
	cuCtxDestroy_v2(ctx);
	return tap_done();
}
