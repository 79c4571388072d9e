/* SPDX-License-Identifier: MIT */
/* Fatbins for tests: begin(), put_entry() for each, end(). */
#ifndef SELFTESTS_COMPILER_FATBIN_MAKE_H
#define SELFTESTS_COMPILER_FATBIN_MAKE_H

#include <lz4.h>
#include <stdint.h>
#include <string.h>
#include <zstd.h>

struct blob {
	unsigned char b[65536];
	size_t len;
};

static void put(struct blob *o, const void *p, size_t n)
{
	memcpy(o->b + o->len, p, n);
	o->len += n;
}

static void put_n(struct blob *o, uint64_t v, size_t n)
{
	put(o, &v, n);
}

/* One entry; method 0 stored, 1 lz4, 2 zstd. */
__attribute__((unused))
static void put_entry(struct blob *o, int kind, unsigned int arch, uint64_t variant,
		      int method, const char *s)
{
	static char packed[32768];
	size_t n = strlen(s) + 1, stored = n, pad;
	const void *data = s;

	if (method == 1)
		stored = LZ4_compress_default(s, packed, n, sizeof(packed));
	else if (method == 2)
		stored = ZSTD_compress(packed, sizeof(packed), s, n, 3);
	if (method)
		data = packed;
	pad = -stored & 7;
	put_n(o, kind, 2);
	put_n(o, 0x101, 2);
	put_n(o, 64, 4);
	put_n(o, stored + pad, 8);
	put_n(o, method ? stored : 0, 4);
	put_n(o, 0, 4);
	put_n(o, 5, 2);
	put_n(o, 8, 2);
	put_n(o, arch, 4);
	put_n(o, 0, 8);
	put_n(o, 0x11 | variant | (method == 1 ? 0x2000 : method == 2 ? 0x8000 : 0), 8);
	put_n(o, 0, 8);
	put_n(o, method ? n : 0, 8);
	put(o, data, stored);
	put_n(o, 0, pad);
}

__attribute__((unused))
static void begin(struct blob *o)
{
	o->len = 0;
	put_n(o, 0xba55ed50, 4);
	put_n(o, 1, 2);
	put_n(o, 16, 2);
	put_n(o, 0, 8);
}

__attribute__((unused))
static void end(struct blob *o)
{
	uint64_t n = o->len - 16;

	memcpy(o->b + 8, &n, 8);
}

#endif
