// SPDX-License-Identifier: MIT
/* Parts of libcuda that need no device: digest, printf's formatting, look-ups of names. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../userlib/libcuda/integrity.h"
#include "cuda.h"
#include "line.h"
#include "../compiler/tap.h"

static bool md2_is(const char *text, const char *hex)
{
	uint8_t digest[16];
	char got[33];

	cu_md2(digest, (const void *[]){ text }, (const size_t[]){ strlen(text) }, 1);
	for (int i = 0; i < 16; i++)
		snprintf(got + 2 * i, 3, "%02x", digest[i]);
	return !strcmp(got, hex);
}

/* The test suite of RFC 1319. */
static void test_md2(void)
{
	ok(md2_is("", "8350e5a3e24c153df2275c9f80692773"), "MD2 of nothing");
	ok(md2_is("a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"), "MD2 of a");
	ok(md2_is("abc", "da853b0d3f88d99b30283a69e6ded6bb"), "MD2 of abc");
	ok(md2_is("message digest", "ab4f496bfb2a530b219ff33031fe06b0"), "MD2 of message digest");
	ok(md2_is("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		  "d5976f79d83d3a0dc9806c3c66f3efd8"), "MD2 of 80 digits");
}

static char *fetch(void *data, uint64_t address)
{
	char *text;

	(void)data;
	return asprintf(&text, "<%llx>", (unsigned long long)address) < 0 ? NULL : text;
}

/* All of one letter, longer than any buffer on a stack. */
enum { LONG = 300000 };

static char *fetch_long(void *data, uint64_t address)
{
	char *text = calloc(1, LONG + 1);

	(void)data;
	return text ? memset(text, address, LONG) : NULL;
}

static bool formats(const char *format, const void *args, size_t size, const char *want)
{
	size_t length;
	char *got = line_of(format, args, size, fetch, &length);
	bool same = !strcmp(got, want);

	if (!same)
		printf("# got \"%s\"\n", got);
	free(got);
	return same;
}

static void test_long_format(void)
{
	size_t length;
	char *got = line_of("%s%s|", (uint64_t[]){ 'a', 'b' }, 16, fetch_long, &length);

	ok(length == 2 * LONG + 1 && got[0] == 'a' && got[LONG - 1] == 'a' && got[LONG] == 'b' && got[2 * LONG] == '|',
	   "strings of any length");
	free(got);
	got = line_of("a%cb", (uint8_t[4]){ 0 }, 4, fetch, &length);
	ok(length == 3 && !memcmp(got, "a\0b", 4), "a NUL is printed like others");
	free(got);
}

static void test_format(void)
{
	struct { int a; int pad; double d; int c; } mixed = { -5, 0, 2.5, 'x' };
	struct { long long a; int b; } wide = { -1, 7 };
	struct { uint64_t s; int n; } str = { 0xabc, 3 };
	struct { int w, p; double d; } star = { 8, 2, 3.14159 };
	int one = 42, byte = 0x1ff;

	ok(formats("plain 100%%\n", NULL, 0, "plain 100%\n"), "no conversion");
	ok(formats("%d %f %c", &mixed, sizeof(mixed), "-5 2.500000 x"), "alignment of mixed arguments");
	ok(formats("%lld %u", &wide, sizeof(wide), "-1 7"), "64 bit, then 32 bit");
	ok(formats("[%s] %d", &str, sizeof(str), "[<abc>] 3"), "string by its address");
	ok(formats("%*.*f|", &star, sizeof(star), "    3.14|"), "width and precision from arguments");
	ok(formats("%hhx", &byte, 4, "ff"), "length modifiers narrow");
	ok(formats("%05d|%-4d|%+d", (int[]){ 7, 8, 9 }, 12, "00007|8   |+9"), "flags");
	ok(formats("%p", (uint64_t[]){ 0x10 }, 8, "0x10"), "pointer");
	ok(formats("%d %d", &one, 4, "42 "), "missing arguments print nothing");
	ok(formats("%", NULL, 0, "") && formats("%l", NULL, 0, ""), "format that ends too early");
	ok(formats("%s", (uint64_t[]){ 0 }, 8, "(null)"), "no string");
}

static bool finds(const char *name, int version, cuuint64_t flags, const char *want)
{
	void *got, *symbol = NULL;
	int status;

	if (want)
		cuGetProcAddress_v2(want, &symbol, 99999, 0, &status);
	if (cuGetProcAddress_v2(name, &got, version, flags, &status))
		return false;
	if (!want)
		return !got && status != CU_GET_PROC_ADDRESS_SUCCESS;
	return status == CU_GET_PROC_ADDRESS_SUCCESS && got && want;
}

static void test_names(void)
{
	void *v1, *v2, *pt;
	const char *text;
	int status;

	ok(finds("cuInit", 2000, 0, "cuInit"), "a name");
	ok(finds("cuNoSuchCall", 13000, 0, NULL), "a name that is none");
	ok(finds("cuMemAlloc", 1000, 0, NULL), "a version before the first");
	cuGetProcAddress_v2("cuMemAlloc", &v1, 3010, 0, &status);
	cuGetProcAddress_v2("cuMemAlloc", &v2, 3020, 0, &status);
	ok(v1 && v2 == (void *)cuMemAlloc_v2 && v1 != v2, "the version picks the form");
	cuGetProcAddress_v2("cuMemcpyHtoDAsync", &v2, 7000, 1, &status);
	cuGetProcAddress_v2("cuMemcpyHtoDAsync", &pt, 7000, 2, &status);
	ok(v2 == (void *)cuMemcpyHtoDAsync_v2 && pt && pt != v2, "the flag picks the per-thread form");
	cuGetProcAddress_v2("cuMemAlloc", &pt, 7000, 2, &status);
	ok(pt == (void *)cuMemAlloc_v2, "what has no per-thread form is found in its plain one");
	ok(!cuGetProcAddress_v2("cuMemAlloc", &v1, 1999, 0, &status) && !v1 &&
	   status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT, "too old a version is told apart");
	ok(!cuGetProcAddress_v2("", &v1, 0, 0, &status) && !v1 &&
	   status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND, "the empty name");
	ok(!cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text) && !strcmp(text, "CUDA_ERROR_ILLEGAL_ADDRESS"),
	   "an error's name");
	ok(!cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &text) && !strcmp(text, "out of memory"),
	   "an error's sentence");
	ok(cuGetErrorName(12345, &text) == CUDA_ERROR_INVALID_VALUE && !text, "a number that is no error");
	ok(cuMemAlloc_v2(NULL, 0) == CUDA_ERROR_NOT_INITIALIZED, "calls before cuInit");
}

int main(void)
{
	test_md2();
	test_format();
	test_long_format();
	test_names();
	return tap_done();
}
